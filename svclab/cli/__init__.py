"""The `svclab` command. A command's module is imported only when it is called, so that `svclab get svc` stays quick."""
