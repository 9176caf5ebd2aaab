"""Programs that run in the cluster's machines as `python3 -c SOURCE`: Python's own library and nothing else."""
