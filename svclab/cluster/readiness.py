"""Waiting until a cluster can be used."""

import math
import time
from collections.abc import Callable, Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

from svclab.cluster.access import client_of
from svclab.cluster.driver import driver_of
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import API_SERVER, StateFolder

if TYPE_CHECKING:
    from protos.kinds import Kind
    from svclab.client import SyncClient

_LEASE_NAMESPACE = "kube-node-lease"
_PAUSE = 0.01  # seconds between attempts while the API server does not answer yet


def prepare() -> None:
    """Loads what waiting needs: worth it while one waits for something else anyway."""
    import_module("svclab.client.sync_client")
    import_module("protos.kubernetes.coordination_pb2")


def wait_for_nodes(state: StateFolder, names: Collection[str], patience: float, *, since: float) -> None:
    """Returns when all these nodes are Ready and have renewed their Lease since then (in time.time()'s seconds).

    What the store says of nodes that ran before tells nothing of now. Raises ClusterError after `patience` seconds.
    """
    from protos.kinds import LEASES, NODES

    deadline = time.monotonic() + patience
    with client_of(state) as client:
        for kind, namespace, fits in (
            (LEASES, _LEASE_NAMESPACE, lambda lease: is_fresh(lease, since)),
            (NODES, "", is_ready),
        ):
            waiting = _watch(client, kind, namespace, fits, names, deadline)
            if waiting is None:
                raise ClusterError(_silent(state, patience))
            if waiting:
                raise ClusterError(_late(state, waiting, patience))


def _watch(
    client: "SyncClient",
    kind: "Kind",
    namespace: str,
    fits: Callable[[Any], bool],
    names: Collection[str],
    deadline: float,
) -> set[str] | None:
    """The names whose objects do not fit when time is up, none if all do; None if there was no answer at all."""
    from svclab.client import errors

    waiting: set[str] | None = None
    while (left := deadline - time.monotonic()) > 0:
        try:
            for batch in client.watch(kind, namespace, send_initial_events=True, timeout_seconds=math.ceil(left)):
                fitting = {event.object.metadata.name for event in batch if fits(event.object)}
                waiting = (set(names) if waiting is None else waiting) - fitting
                if not waiting:
                    return waiting
        except errors.Unreachable:
            time.sleep(_PAUSE)
    return waiting


def is_fresh(lease: Any, since: float) -> bool:
    """Whether a Lease has been renewed since then."""
    from protos import timestamps

    return timestamps.seconds(lease.spec.renewTime) >= since


def is_ready(node: Any) -> bool:
    """Whether a Node object says that it is Ready."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)


def _silent(state: StateFolder, patience: float) -> str:
    return f"the API server did not answer within {patience:g} s: see {driver_of(state).log(state, API_SERVER)}"


def _late(state: StateFolder, waiting: Collection[str], patience: float) -> str:
    log = driver_of(state).log(state, sorted(waiting)[0])
    return f"node {', '.join(sorted(waiting))} did not become Ready within {patience:g} s: see {log}"
