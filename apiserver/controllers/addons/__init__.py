"""The cluster's own pods: what must be there for a cluster to be whole is there, and again when it was deleted."""
