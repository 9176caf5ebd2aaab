"""The ways to the other nodes: routes to their pods, and who is inside of the cluster."""

import asyncio
import logging
from typing import Protocol

from node_agent.network.routes import desired_routes
from node_agent.nft.kernel import NftError
from protos.kubernetes import core_pb2
from svclab.client import Key, Lister

RETRY = 1.0  # seconds

log = logging.getLogger(__name__)


class Routes(Protocol):
    """NodeRoutes, OverlayRoutes."""

    def apply(self, desired: dict[str, str]) -> None: ...


class Inside(Protocol):
    """Egress."""

    def apply(self, nodes: list[core_pb2.Node]) -> None: ...


class Peers:
    """Keeps the ways as the Nodes say, from the moment on when all Nodes are known.

    Before, an agent that starts again would take away the ways that an earlier one laid, until it has heard of each
    node; and it may have to wait for an API server.
    """

    def __init__(self, own_name: str, nodes: Lister[core_pb2.Node], routes: Routes, inside: Inside) -> None:
        self._own_name = own_name
        self._nodes = nodes
        self._routes = routes
        self._inside = inside
        self._synced = False

    def synced(self) -> None:
        """All Nodes that there are have been told."""
        self._synced = True
        self._lay()

    def changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        """An informer's handler."""
        if self._synced and (old is None or new is None or _way_to(old) != _way_to(new)):
            self._lay()

    def _lay(self) -> None:
        nodes = self._nodes.list()
        try:
            self._routes.apply(desired_routes(self._own_name, nodes))
            self._inside.apply(nodes)
        except (OSError, NftError) as error:
            log.warning("route not laid", extra={"error": str(error)})
            asyncio.get_running_loop().call_later(RETRY, self._lay)


def _way_to(node: core_pb2.Node) -> tuple[list[str], list[str]]:
    return list(node.spec.podCIDRs), [address.address for address in node.status.addresses]
