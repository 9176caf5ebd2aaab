"""Keeps the old Endpoints object of every Service with a selector (core/v1; superseded by EndpointSlices).

`subsets` is pure; `controller` watches and writes, at leisure: nothing in the cluster routes by these objects.
"""
