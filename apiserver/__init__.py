"""The control plane process: store, registry, watch, gRPC front, and the controllers."""
