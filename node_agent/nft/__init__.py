"""A small nftables library: objects, all-or-nothing transactions, the kernel, and a fake that says no.

For programs that own whole tables. It is not a parser of rules: rules are nft's own text.
"""
