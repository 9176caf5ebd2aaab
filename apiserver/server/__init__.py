"""The gRPC front: calls to the store and the registry, and their failures to status codes. Decides nothing itself."""
