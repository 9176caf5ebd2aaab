"""What people and other programs import or type: the API client, the cluster drivers and the `svclab` command."""
