"""The kube-proxy: what this node should do with packets for Services, and the one place that tells the kernel.

facts, changes, topology, claims, elements, rules and desired are pure. Only proxier.py
and what it calls for I/O touch the kernel.
"""
