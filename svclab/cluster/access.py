"""How commands reach the API server of a cluster: its Unix socket, or TCP with the administrator's credentials."""

from typing import TYPE_CHECKING

from svclab.client.endpoint import Endpoint
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import StateFolder

if TYPE_CHECKING:
    from svclab.client import SyncClient


def client_of(state: StateFolder) -> "SyncClient":
    """A client with all rights. Raises ClusterError for damaged credentials."""
    from svclab.client import SyncClient, Target

    endpoint = Endpoint(state.endpoint)
    if not endpoint.address:
        return SyncClient(Target.parse(f"unix:{state.api_socket}"))
    try:
        return SyncClient(endpoint.target())
    except (OSError, ValueError) as error:
        raise ClusterError(f"{endpoint.folder} is damaged ({error}): start the cluster again") from error
