"""Binds each pod without a node to a ready node. `filters` and `choice` are pure; `controller` watches and binds."""
