"""Which API server a command talks to: --server, --cluster, or the only cluster that runs."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from svclab.cli import contexts
from svclab.cli.errors import CliError
from svclab.cli.messages import warn
from svclab.client.endpoint import Endpoint
from svclab.cluster.state_paths import StatePaths, state_home

if TYPE_CHECKING:
    from svclab.cli.settings import Settings
    from svclab.client import SyncClient

DEFAULT_CLUSTER = "svclab"
DEFAULT_TIMEOUT = 30.0  # seconds, of one request


class Place(NamedTuple):
    """Where an API server answers, and the folder of the credentials that it wants over TCP."""

    address: str
    credentials: Path | None = None


def connect(settings: "Settings") -> "SyncClient":
    """A client for the chosen API server. Raises CliError with one line where none can be chosen."""
    place = find_place(settings.server, settings.cluster)
    from svclab.client import SyncClient, Target
    from svclab.client.credentials import Credentials

    try:
        target = Target.parse(place.address)
        if target.socket is None and not place.credentials:  # TCP is TLS, and answers nobody without a certificate
            raise CliError(f"no credentials for {place.address}: `svclab context add` keeps some for an address")
        if place.credentials:
            target = Target.parse(place.address, Credentials.load(place.credentials).for_channel())
    except ValueError as error:
        raise CliError(str(error)) from error
    return SyncClient(target, warn=warn, timeout=settings.request_timeout or DEFAULT_TIMEOUT)


def find_place(server: str, cluster: str) -> Place:
    """The chosen API server. An option wins over the environment, a server over a cluster's name."""
    if server:
        return Place(server, _credentials_for(server))
    if cluster:
        return _place_of(cluster)
    if named := os.environ.get("SVCLAB_SERVER"):
        return Place(named, _credentials_for(named))
    if named := os.environ.get("SVCLAB_CLUSTER"):
        return _place_of(named)
    if named := contexts.current():
        return _place_of(named)
    return _only_running()


def _credentials_for(server: str) -> Path | None:
    """The folder of the context or cluster at that address, if there is one."""
    known = [contexts.endpoint(name) for name in contexts.names()]
    known += [_endpoint(name) for name in _known_clusters()]
    return next((endpoint.folder for endpoint in known if _plain(endpoint.address) == _plain(server)), None)


def _plain(address: str) -> str:
    """The address, with one name for this machine itself."""
    return re.sub(r"^127\.0\.0\.1:", "localhost:", address)


def running_clusters() -> list[str]:
    """The names of the clusters whose API server answers, sorted."""
    return [name for name in _known_clusters() if _answers(name)]


def _known_clusters() -> list[str]:
    """The names of the clusters that have been started, sorted; a crash may have left them behind."""
    home = state_home()
    names = [folder.name for folder in home.iterdir()] if home.is_dir() else []
    return sorted(name for name in names if _socket(name).is_socket() or _endpoint(name).address)


def _socket(cluster: str) -> Path:
    return StatePaths(state_home() / cluster).api_socket


def _endpoint(cluster: str) -> Endpoint:
    return Endpoint(StatePaths(state_home() / cluster).endpoint)


def _place_of(name: str) -> Place:
    """The place of a cluster of this user, or of a context."""
    for endpoint in (_endpoint(name), contexts.endpoint(name)):
        if address := endpoint.address:
            return Place(address, endpoint.folder)
    if not _socket(name).is_socket():
        raise CliError(f'cluster "{name}" is not running; start it with `svclab up --name {name}`')
    return Place(f"unix:{_socket(name)}")


def _only_running() -> Place:
    """The cluster that must be meant; one whose API server is just starting again counts where none answers."""
    found = running_clusters() or _known_clusters()
    if not found:
        raise CliError("no cluster is running; start one with `svclab up`")
    if len(found) > 1 and DEFAULT_CLUSTER not in found:
        raise CliError(f"{len(found)} clusters are running ({', '.join(found)}); choose one with --cluster NAME")
    return _place_of(found[0] if len(found) == 1 else DEFAULT_CLUSTER)


def _answers(cluster: str) -> bool:
    import socket

    address = _endpoint(cluster).address
    kind = socket.AF_INET if address else socket.AF_UNIX
    host, _, port = address.rpartition(":")
    with socket.socket(kind) as probe:
        try:
            probe.connect((host, int(port)) if address else str(_socket(cluster)))
        except OSError:
            return False
    return True
