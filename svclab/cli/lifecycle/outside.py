"""`svclab outside`."""

from svclab.cli.command import command
from svclab.cli.errors import BadUsage, ExitWith
from svclab.cli.lifecycle.choice import cluster_errors, running_cluster
from svclab.cluster.driver import find_driver

EXAMPLES = """
# Ask a NodePort as a client outside of the cluster would
svclab outside -- curl http://10.200.0.2:30080

# Open a shell there
svclab outside -- bash
"""


@command("outside", examples=EXAMPLES, usage="-- COMMAND [args...]", takes_command=True)
def outside(command: tuple[str, ...]) -> None:
    """Run a command where a client outside of the cluster would be: beside the nodes, with an address of its own."""
    if not command:
        raise BadUsage("a command must be given after --")
    with cluster_errors():
        state = running_cluster()
        code = find_driver(state.load().driver).execute(state, "outside", command)
    if code:
        raise ExitWith(code)
