"""`svclab run`."""

from typing import Any, NamedTuple

import click

from protos.kubernetes import core_pb2
from svclab.cli import options
from svclab.cli.attachment import HOLD, follow_to_end, interact
from svclab.cli.command import command
from svclab.cli.errors import BadUsage
from svclab.cli.key_values import parse_pair, parse_pairs
from svclab.cli.ports import parse_port, target_port
from svclab.cli.verbs.create_object import CreationOptions, create_object, creation_options

EXAMPLES = """
# Start a pod that answers HTTP requests
svclab run web --image=echo --port=8080

# Environment variables and labels
svclab run web --image=echo --env="COLOR=blue" --labels="app=web,env=prod"

# Create a service in front of the pod as well
svclab run web --image=echo --port=8080 --expose

# Only print the pod
svclab run web --image=echo --dry-run=client -o yaml

# A pod to look around from, gone when the shell ends
svclab run tmp -it --rm --image=busybox -- sh

# Another command than the image's, with its arguments
svclab run client --image=python --restart=Never --command -- python3 -c 'print("hello")'
"""


class RunOptions(NamedTuple):
    """What the command was given; `command` is what stood behind `--`."""

    name: str
    image: str
    env: tuple[str, ...]
    port: str
    labels: str
    annotations: tuple[str, ...]
    restart: str
    node: str
    expose: bool
    as_command: bool
    image_pull_policy: str
    stdin: bool
    tty: bool
    attach: bool
    remove: bool
    command: tuple[str, ...]

    @property
    def interactive(self) -> bool:
        return self.stdin or self.tty


@command(
    "run",
    examples=EXAMPLES,
    usage="NAME --image=image [--env=key=value] [--port=port] [--command] [options] -- [COMMAND] [args...]",
    takes_command=True,
)
@click.argument("name")
@click.option("--image", default="", help="The image for the container to run.")
@click.option("--env", multiple=True, help="Environment variables to set in the container.")
@click.option("--port", default="", help="The port that this container exposes.")
@click.option("-l", "--labels", default="", help="Comma separated labels to apply to the pod. Default: run=NAME.")
@click.option("--annotations", multiple=True, help="Annotations to apply to the pod.")
@click.option(
    "--restart",
    type=click.Choice(["Always", "OnFailure", "Never"]),
    default="Always",
    help="The restart policy for this Pod.",
)
@click.option("--node", default="", help="The node to run on; without it the scheduler chooses.")
@click.option(
    "--expose", is_flag=True, help="If true, create a ClusterIP service associated with the pod. Requires --port."
)
@click.option(
    "--command", "as_command", is_flag=True, help="Use the extra arguments as the container's command, not as its args."
)
@click.option("--image-pull-policy", default="", help="The image pull policy for the container.")
@click.option("-i", "--stdin", is_flag=True, help="Run the command (default: sh) in the foreground, with stdin.")
@click.option("-t", "--tty", is_flag=True, help="Run the command in the foreground, with a terminal.")
@click.option("--attach", is_flag=True, help="Wait for the pod to start and show its output until it ends.")
@click.option("--rm", "remove", is_flag=True, help="Delete the pod after it exits. Only valid with --attach or -i.")
@creation_options
@options.given_as(RunOptions, CreationOptions)
def run(given: RunOptions, creation: CreationOptions) -> None:
    """Create and run a particular image in a pod."""
    if not given.image:
        raise BadUsage("--image is required")
    if given.expose and not given.port:
        raise BadUsage("--port must be set when exposing a service")
    if given.remove and not (given.attach or given.interactive):
        raise BadUsage("--rm should only be used with --attach or -i")
    pod = _pod(given)
    if given.expose:
        create_object(_service(pod, given.port), creation)
    create_object(pod, creation)
    if creation.dry_run != "none":
        return
    if given.interactive:
        interact(given.name, given.command or ("sh",), stdin=given.stdin, tty=given.tty, remove=given.remove)
    elif given.attach:
        follow_to_end(given.name, restart_policy=given.restart, remove=given.remove)


def _pod(given: RunOptions) -> Any:
    pod = core_pb2.Pod()
    pod.metadata.name = given.name
    pod.metadata.labels.update(parse_pairs(given.labels, "labels") if given.labels else {"run": given.name})
    pod.metadata.annotations.update(parse_pair(annotation, "annotation") for annotation in given.annotations)
    pod.spec.dnsPolicy = "ClusterFirst"
    pod.spec.restartPolicy = given.restart
    pod.spec.nodeName = given.node
    _add_container(pod, given)
    return pod


def _add_container(pod: Any, given: RunOptions) -> None:
    container = pod.spec.containers.add(name=given.name, image=given.image, imagePullPolicy=given.image_pull_policy)
    container.resources.SetInParent()
    for variable in given.env:
        key, value = parse_pair(variable, "env")
        container.env.add(name=key, value=value)
    if given.port:
        container.ports.add(containerPort=parse_port(given.port))
    if given.interactive:
        container.command.extend(HOLD)
    else:
        (container.command if given.as_command else container.args).extend(given.command)


def _service(pod: Any, port: str) -> Any:
    made = core_pb2.Service(spec=core_pb2.ServiceSpec(selector=dict(pod.metadata.labels)))
    made.metadata.name = pod.metadata.name
    made.spec.ports.add(protocol="TCP", port=parse_port(port), targetPort=target_port(port))
    return made
