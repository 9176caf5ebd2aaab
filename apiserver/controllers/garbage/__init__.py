"""Deletes what has lost its owners, in the background, the foreground or not at all (garbage collection).

`verdict` is pure; `controller` watches all kinds and writes.
"""
