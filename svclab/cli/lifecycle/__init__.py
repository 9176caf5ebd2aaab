"""The commands about clusters as a whole: they start, stop and show them, and need no API server to be found."""
