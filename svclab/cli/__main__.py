"""`python -m svclab.cli`: the same as the `svclab` command."""

from svclab.cli.main import main

main()
