"""`python -m svclab.cluster.enter CLUSTER MACHINE COMMAND...`: a command in a machine, for programs that start many.

Machines are nodes, `outside` and `cloud`. Entering changes the namespaces of the process that does it, so it is one of
its own.
"""

import sys

from svclab.cluster.driver import find_driver
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import StateFolder


def main(arguments: list[str]) -> int:
    """The command's exit code."""
    cluster, machine, *command = arguments
    state = StateFolder.of(cluster)
    try:
        return find_driver(state.load().driver).execute(state, machine, command)
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
