"""The node process: registers its Node, runs the pods bound to it, lays their network, and is the node's kube-proxy."""
