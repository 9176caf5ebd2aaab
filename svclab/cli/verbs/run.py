"""`svclab run`."""

from collections.abc import Sequence
from typing import Any

import click

from protos.kubernetes import core_pb2
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
@click.option("-i", "--stdin", is_flag=True, help="Keep stdin open on the container in the pod.")
@click.option("-t", "--tty", is_flag=True, help="Allocate a TTY for the container in the pod.")
@click.option("--attach", is_flag=True, help="Wait for the pod to start and show its output until it ends.")
@click.option("--rm", "remove", is_flag=True, help="Delete the pod after it exits. Only valid with --attach.")
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
    if remove and not attach:
        raise BadUsage("--rm should only be used for attached containers")
    pod = core_pb2.Pod()
    pod.metadata.name = name
    pod.metadata.labels.update(parse_pairs(labels, "labels") if labels else {"run": name})
    for annotation in annotations:
        pod.metadata.annotations.update([_pair(annotation, "annotation")])
    pod.spec.restartPolicy = restart
    pod.spec.dnsPolicy = "ClusterFirst"
    pod.spec.nodeName = node
    container = pod.spec.containers.add(name=name, image=image, imagePullPolicy=image_pull_policy, stdin=stdin, tty=tty)
    container.resources.SetInParent()
    for variable in env:
        key, value = _pair(variable, "env")
        container.env.add(name=key, value=value)
    if port:
        container.ports.add(containerPort=parse_port(port))
    (container.command if as_command else container.args).extend(command)
    if expose:
        create_object(_service(pod, port), **creation)
    create_object(pod, **creation)
    if attach and creation["dry_run"] == "none":
        _show_until_end(pod, remove)


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


def _show_until_end(pod: Any, remove: bool) -> None:
    from svclab.cli.attachment import follow_to_end

    follow_to_end(pod, remove=remove)
