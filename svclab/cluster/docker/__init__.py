"""The driver `docker`: every node and the control plane in a container of its own, on one docker network.

Everything that it makes carries labels, by which it is found again; nothing is known about a cluster that the engine
and the state folder do not tell.
"""
