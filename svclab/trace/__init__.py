"""The way of one packet: predicted from what the API holds, and compared with what the kernel did.

Nothing here does I/O, and nothing here is shared with the proxy: its rules are written a second time, from
Kubernetes' documentation, so that each of the two can show the other's mistakes.
"""
