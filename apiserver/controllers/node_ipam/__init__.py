"""Gives every node its podCIDRs. `subnets` is pure; `controller` watches and writes."""
