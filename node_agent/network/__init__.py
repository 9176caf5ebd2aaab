"""The pod network of one node: point-to-point veths with /32 routes, and routes to the pods of the other nodes.

netlink.py and links.py are imported by pod shims: keep them light.
"""
