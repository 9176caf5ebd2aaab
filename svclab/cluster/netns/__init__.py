"""The driver `netns`: a cluster as processes and namespaces of one Linux machine, with or without root.

init (PID 1 of the cluster's PID namespace, in the cluster's switch) keeps the supervisor; the supervisor keeps the API
server and one machine per node; a machine (PID 1 of its own PID, network, mount and UTS namespaces) keeps its node
agent. Killing init ends all.
"""
