"""`svclab run`."""

from collections.abc import Sequence
from typing import Any

import click

from protos.kubernetes import core_pb2
from svclab.cli.attachment import HOLD, follow_to_end, interact
from svclab.cli.command import command
from svclab.cli.errors import BadUsage
from svclab.cli.key_values import parse_pairs
from svclab.cli.ports import parse_port, target_port
from svclab.cli.verbs.create_object import create_object, creation_options

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
def run(
    name: str,
    image: str,
    env: tuple[str, ...],
    port: str,
    labels: str,
    annotations: tuple[str, ...],
    restart: str,
    node: str,
    expose: bool,
    as_command: bool,
    image_pull_policy: str,
    stdin: bool,
    tty: bool,
    attach: bool,
    remove: bool,
    command: Sequence[str],
    **creation: Any,
) -> None:
    """Create and run a particular image in a pod."""
    if not image:
        raise BadUsage("--image is required")
    if expose and not port:
        raise BadUsage("--port must be set when exposing a service")
    interactive = stdin or tty
    if remove and not (attach or interactive):
        raise BadUsage("--rm should only be used with --attach or -i")
    pod = _pod(name, labels, annotations)
    pod.spec.restartPolicy = restart
    pod.spec.nodeName = node
    container = _container(pod, image, env, port)
    container.imagePullPolicy = image_pull_policy
    if interactive:
        container.command.extend(HOLD)
    else:
        (container.command if as_command else container.args).extend(command)
    if expose:
        create_object(_service(pod, port), **creation)
    create_object(pod, **creation)
    if creation["dry_run"] != "none":
        return
    if interactive:
        interact(name, command or ("sh",), stdin=stdin, tty=tty, remove=remove)
    elif attach:
        follow_to_end(name, restart_policy=restart, remove=remove)


def _pod(name: str, labels: str, annotations: Sequence[str]) -> Any:
    pod = core_pb2.Pod(spec=core_pb2.PodSpec(dnsPolicy="ClusterFirst"))
    pod.metadata.name = name
    pod.metadata.labels.update(parse_pairs(labels, "labels") if labels else {"run": name})
    pod.metadata.annotations.update(_pair(annotation, "annotation") for annotation in annotations)
    return pod


def _container(pod: Any, image: str, env: Sequence[str], port: str) -> Any:
    container = pod.spec.containers.add(name=pod.metadata.name, image=image)
    container.resources.SetInParent()
    for variable in env:
        key, value = _pair(variable, "env")
        container.env.add(name=key, value=value)
    if port:
        container.ports.add(containerPort=parse_port(port))
    return container


def _pair(text: str, what: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise BadUsage(f"invalid {what} {text}, expected key=value")
    return key, value


def _service(pod: Any, port: str) -> Any:
    made = core_pb2.Service(spec=core_pb2.ServiceSpec(selector=dict(pod.metadata.labels)))
    made.metadata.name = pod.metadata.name
    made.spec.ports.add(protocol="TCP", port=parse_port(port), targetPort=target_port(port))
    return made
