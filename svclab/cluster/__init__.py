"""Clusters as a whole: their configuration, their state folders, and the drivers that start and stop them.

What runs inside a cluster is known here only by the place of its program: nothing of the API server or the node
agent is imported but in the process that the others are forked from.
"""
