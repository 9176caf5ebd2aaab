"""Which cluster a lifecycle command means, and how its failures become the CLI's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from svclab.cli import contexts
from svclab.cli.errors import CliError
from svclab.cli.settings import settings
from svclab.cluster.config import DEFAULT_NAME
from svclab.cluster.driver import is_running
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import StateFolder, all_folders


@contextmanager
def cluster_errors() -> Iterator[None]:
    """Turns what goes wrong with a cluster into the one line that the CLI prints."""
    try:
        yield
    except ClusterError as error:
        raise CliError(str(error)) from error


def chosen_name(name: str | None = None) -> str:
    """--name, --cluster, SVCLAB_CLUSTER, or the default."""
    return name or settings().cluster or os.environ.get("SVCLAB_CLUSTER") or DEFAULT_NAME


def known_cluster(name: str | None = None) -> StateFolder:
    """The folder of a cluster: the chosen one, or the only one there is. Raises CliError if there is none."""
    state = StateFolder.of(chosen_name(name))
    if state.exists():
        return state
    named = name or settings().cluster or os.environ.get("SVCLAB_CLUSTER")
    folders = all_folders()
    running = [folder for folder in folders if _runs(folder)]
    for candidates in () if named else (running, folders):
        if len(candidates) == 1:
            return candidates[0]
    if running and not named:
        names = ", ".join(folder.name for folder in running)
        raise CliError(f"{len(running)} clusters are running ({names}): choose one with --cluster NAME")
    if contexts.endpoint(state.name).address:
        raise CliError(f"{state.name!r} is a context: its nodes are changed by what started them, not by svclab")
    start = f"start it with `svclab up --name {state.name}`"
    raise CliError(f"no cluster {state.name!r}: {start}, or see `svclab clusters`")


def running_cluster(name: str | None = None) -> StateFolder:
    """The folder of a running cluster. Raises CliError if it does not run."""
    state = known_cluster(name)
    with cluster_errors():
        running = is_running(state)
    if not running:
        raise CliError(f"cluster {state.name!r} is not running: start it with `svclab up --name {state.name}`")
    return state


def _runs(state: StateFolder) -> bool:
    """Whether a cluster runs; one that cannot be asked does not."""
    try:
        return is_running(state)
    except ClusterError:
        return False
