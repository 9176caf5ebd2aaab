"""`svclab logs`."""

import sys
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from protos.kinds import PODS
from svclab.cli import options
from svclab.cli.command import command
from svclab.cli.durations import Duration
from svclab.cli.errors import BadUsage, CliError, ExitWith, api_error_text, api_error_type
from svclab.cli.log_streams import LogSource
from svclab.cli.messages import complain, note
from svclab.cli.pod_choice import container_names, container_of, pod_of
from svclab.cli.settings import client, namespace
from svclab.cli.suggestions import complete_pods

EXAMPLES = """
# What the pod 'web' has written
svclab logs web

# Follow it
svclab logs -f web

# The last 20 lines, with their times
svclab logs --tail=20 --timestamps web

# What the container wrote before it was restarted
svclab logs -p -c echo web

# All containers of all pods with a label
svclab logs -f -l app=web --all-containers --prefix
"""


class LogsOptions(NamedTuple):
    """What the command was given; `since` in seconds, 0: all."""

    words: tuple[str, ...]
    container: str
    label_selector: str
    follow: bool
    previous: bool
    timestamps: bool
    tail: int | None
    since: float
    limit_bytes: int
    all_containers: bool
    prefix: bool
    max_log_requests: int


@command("logs", examples=EXAMPLES, usage="[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]")
@click.argument("words", nargs=-1, shell_complete=complete_pods)
@options.container("Print the logs of this container.")
@options.label_selector
@click.option("-f", "--follow", is_flag=True, help="Specify if the logs should be streamed.")
@click.option(
    "-p", "--previous", is_flag=True, help="Print the logs for the previous instance of the container, if it exists."
)
@click.option("--timestamps", is_flag=True, help="Include timestamps on each line in the log output.")
@click.option(
    "--tail",
    type=int,
    default=None,
    help="Lines of recent log file to display. Defaults to -1, all lines, or 10 with a selector.",
)
@click.option(
    "--since", type=Duration(), default="0", help="Only return logs newer than a relative duration like 5s, 2m, or 3h."
)
@click.option("--limit-bytes", type=int, default=0, help="Maximum bytes of logs to return. Defaults to no limit.")
@click.option("--all-containers", is_flag=True, help="Get all containers' logs in the pod(s).")
@click.option("--prefix", is_flag=True, help="Prefix each log line with the log source (pod name and container name).")
@click.option(
    "--max-log-requests", type=int, default=5, help="How many logs may be followed at once when using a selector."
)
@options.given_as(LogsOptions)
def logs(given: LogsOptions) -> None:
    """Print the logs for a container in a pod. If the pod has only one container, the container name is optional.

    With -f the output goes on until the container ends; a restart of the node's agent does not interrupt it.
    """
    if given.container and given.all_containers:
        raise BadUsage("--all-containers=true should not be specified with container name")
    sources = _sources(given)
    if not sources:
        note(f"No resources found in {namespace()} namespace.")
    if given.follow and len(sources) > given.max_log_requests:
        raise CliError(
            f"you are attempting to follow {len(sources)} log streams, but maximum allowed concurrency is "
            f"{given.max_log_requests}, use --max-log-requests to increase the limit"
        )
    _print(sources, prefix=given.prefix)


def _sources(given: LogsOptions) -> list[LogSource]:
    named, container = list(given.words), given.container
    if len(named) == 2 and not container:
        container = named.pop()
    tail = given.tail if given.tail is not None else 10 if given.label_selector else -1
    return [
        LogSource(
            pod.metadata.namespace,
            pod.metadata.name,
            name,
            follow=given.follow,
            previous=given.previous,
            timestamps=given.timestamps,
            tail=tail,
            since=given.since,
            limit_bytes=given.limit_bytes,
        )
        for pod in _pods(named, given.label_selector)
        for name in (container_names(pod) if given.all_containers else [container_of(pod, container)])
    ]


def _pods(words: Sequence[str], label_selector: str) -> list[Any]:
    if label_selector:
        if words:
            raise BadUsage("only a selector (-l) or a POD name is allowed")
        return list(client().list(PODS, namespace(), label_selector=label_selector).items)
    if not words:
        raise BadUsage(
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'. "
            "POD or TYPE/NAME is a required argument for the logs command"
        )
    return [pod_of(words, "logs")]


def _print(sources: Sequence[LogSource], *, prefix: bool) -> None:
    """One after another; those that are followed all at once."""
    if len(sources) == 1 or not any(source.follow for source in sources):
        for source in sources:
            _copy(source, prefix)
        return
    failures: list[Exception] = []
    context = click.get_current_context()
    threads = [
        threading.Thread(target=_copy_aside, args=(context, source, prefix, failures), daemon=True)
        for source in sources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise ExitWith(1)


def _copy(source: LogSource, prefix: bool) -> None:
    start = f"[pod/{source.pod}/{source.container}] ".encode() if prefix else b""
    at_line_start = True
    for chunk in source.chunks():
        if start:
            lines = chunk.splitlines(keepends=True)
            chunk = b"".join((start if at or at_line_start else b"") + line for at, line in enumerate(lines))
        at_line_start = chunk.endswith(b"\n")
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()


def _copy_aside(context: click.Context, source: LogSource, prefix: bool, failures: list[Exception]) -> None:
    """For a thread of its own: a failure of one stream is said at once, and does not end the others."""
    try:
        with context.scope(cleanup=False):
            _copy(source, prefix)
    except Exception as error:
        failures.append(error)
        complain(api_error_text(error) if isinstance(error, api_error_type()) else f"error: {error}")
