"""Which API server a command talks to: --server, --cluster, or the only cluster that runs."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from svclab.cli.errors import CliError
from svclab.cli.messages import warn

if TYPE_CHECKING:
    from svclab.cli.settings import Settings
    from svclab.client import SyncClient

DEFAULT_CLUSTER = "svclab"
SOCKET_NAME = "api.sock"
DEFAULT_TIMEOUT = 30.0  # seconds, of one request


def connect(settings: "Settings") -> "SyncClient":
    """A client for the chosen API server. Raises CliError with one line where none can be chosen."""
    address = find_address(settings.server, settings.cluster)
    from svclab.client import SyncClient, Target

    try:
        target = Target.parse(address)
    except ValueError as error:
        raise CliError(str(error)) from error
    return SyncClient(target, warn=warn, timeout=settings.request_timeout or DEFAULT_TIMEOUT)


def find_address(server: str, cluster: str) -> str:
    """`unix:/path` or `host:port`. An option wins over the environment, a server over a cluster's name."""
    if server:
        return server
    if cluster:
        return _socket_of(cluster)
    if named := os.environ.get("SVCLAB_SERVER"):
        return named
    if named := os.environ.get("SVCLAB_CLUSTER"):
        return _socket_of(named)
    return _only_running()


def state_home() -> Path:
    """The folder that holds one state folder per cluster."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "svclab"


def running_clusters() -> list[str]:
    """The names of the clusters whose API server answers, sorted."""
    return [name for name in _known_clusters() if _answers(state_home() / name / SOCKET_NAME)]


def _known_clusters() -> list[str]:
    """The names of the clusters that have a socket, sorted; a crash may have left it behind."""
    home = state_home()
    return (
        sorted(folder.name for folder in home.iterdir() if (folder / SOCKET_NAME).is_socket()) if home.is_dir() else []
    )


def _socket_of(cluster: str) -> str:
    path = state_home() / cluster / SOCKET_NAME
    if not path.is_socket():
        raise CliError(f'cluster "{cluster}" is not running; start it with `svclab up --name {cluster}`')
    return f"unix:{path}"


def _only_running() -> str:
    """The cluster that must be meant; one whose API server is just starting again counts where none answers."""
    found = running_clusters() or _known_clusters()
    if not found:
        raise CliError("no cluster is running; start one with `svclab up`")
    if len(found) > 1 and DEFAULT_CLUSTER not in found:
        raise CliError(f"{len(found)} clusters are running ({', '.join(found)}); choose one with --cluster NAME")
    return _socket_of(found[0] if len(found) == 1 else DEFAULT_CLUSTER)


def _answers(path: Path) -> bool:
    if not path.is_socket():
        return False
    import socket

    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
