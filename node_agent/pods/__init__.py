"""The pods of the node: what a kubelet does. Files named after nouns of Kubernetes are pure; worker.py acts."""

from node_agent.pods.removal import remove_all as remove_all
