"""What happens to a node whose heartbeats stop, and to its pods.

`health` and `eviction` are pure: facts and the time in, what to write out. `nodes` writes the state of nodes and of
their pods, `evictor` deletes pods that do not tolerate it, `orphans` deletes pods whose node is gone.
"""
