"""`make bench`: the project's figures, measured on this machine and printed as one table."""
