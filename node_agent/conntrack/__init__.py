"""The kernel's table of connections, as far as who translates addresses needs it: which UDP flows there are, and away
with them."""
