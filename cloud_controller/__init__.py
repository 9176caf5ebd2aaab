"""The mock cloud: gives LoadBalancer Services their addresses, and is the load balancer that outside clients reach."""
