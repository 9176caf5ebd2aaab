"""`svclab exec`."""

import click

from protos.api_pb2 import ExecOpen
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.errors import BadUsage, CliError, ExitWith
from svclab.cli.messages import note
from svclab.cli.pod_choice import container_of, pod_of
from svclab.cli.session import Session
from svclab.cli.suggestions import complete_pods
from svclab.cli.terminal import usable_terminal

EXAMPLES = """
# Run a command in the pod 'web'
svclab exec web -- hostname

# In one of its containers, with a terminal
svclab exec web -c echo -it -- sh

# Hand over input
echo hello | svclab exec -i web -- cat

# In one of the pods of a service
svclab exec svc/web -- hostname
"""


@command(
    "exec",
    examples=EXAMPLES,
    usage="(POD | TYPE/NAME) [-c CONTAINER] [-i] [-t] -- COMMAND [args...]",
    takes_command=True,
)
@click.argument("words", nargs=-1, shell_complete=complete_pods)
@options.container("Container name. If omitted, the default or first container of the pod is used.")
@click.option("-i", "--stdin", "with_input", is_flag=True, help="Pass stdin to the container.")
@click.option("-t", "--tty", is_flag=True, help="Stdin is a TTY.")
@click.option("-q", "--quiet", is_flag=True, help="Only print output from the remote session.")
def exec_(
    words: tuple[str, ...], container: str, with_input: bool, tty: bool, quiet: bool, command: tuple[str, ...]
) -> None:
    """Execute a command in a container. Its exit code becomes that of svclab."""
    if not words:
        raise BadUsage("pod or type/name must be specified")
    if not command:
        raise BadUsage("you must specify at least one command for the container: svclab exec POD -- COMMAND")
    if len(words) > 1 and "/" in words[0]:
        raise BadUsage("exec [POD] [COMMAND] is not supported. Use exec [POD] -- [COMMAND] instead")
    pod = pod_of(words, "exec")
    if pod.status.phase in ("Succeeded", "Failed"):
        raise CliError(f"cannot exec into a container in a completed pod; current phase is {pod.status.phase}")
    opening = ExecOpen(
        namespace=pod.metadata.namespace,
        pod=pod.metadata.name,
        container=container_of(pod, container, quiet=quiet),
        command=command,
        stdin=with_input,
        tty=usable_terminal(tty, with_input=with_input),
    )
    exit_code = Session(opening).run()
    if exit_code:
        if not quiet:
            note(f"command terminated with exit code {exit_code}")
        raise ExitWith(exit_code)
