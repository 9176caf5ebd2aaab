"""Streams into this node's pods: the agent dials the API server and answers what is asked of it there."""
