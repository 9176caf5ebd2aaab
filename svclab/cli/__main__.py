"""`python -m svclab.cli`: the same as the `svclab` command."""

import sys

from svclab.cli.main import main

sys.exit(main())
