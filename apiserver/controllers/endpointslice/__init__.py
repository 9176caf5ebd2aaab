"""Keeps the EndpointSlices of every Service with a selector equal to its pods (KEP-752).

`endpoints`, `topology`, `packing` and `trigger_time` are pure; `controller` watches and writes.
"""
