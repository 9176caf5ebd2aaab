"""Waiting until a cluster can be used."""

import time
from collections.abc import Collection
from typing import Any

from svclab.cluster.access import client_of
from svclab.cluster.driver import driver_of
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import API_SERVER, StateFolder

_PAUSE = 0.01  # seconds between attempts while the API server does not answer yet


def wait_for_nodes(state: StateFolder, names: Collection[str], patience: float) -> None:
    """Returns when the API server says that all these nodes are Ready. Raises ClusterError after `patience` seconds."""
    from protos.kinds import NODES
    from svclab.client import errors

    deadline = time.monotonic() + patience
    waiting = set(names)
    answered = False
    with client_of(state) as client:
        while waiting:
            try:
                for batch in client.watch(NODES, timeout_seconds=max(1, round(deadline - time.monotonic()))):
                    answered = True
                    waiting -= {event.object.metadata.name for event in batch if is_ready(event.object)}
                    if not waiting:
                        return
            except errors.Unreachable:
                time.sleep(_PAUSE)
            if time.monotonic() > deadline:
                raise ClusterError(_late(state, waiting, patience, answered=answered))


def is_ready(node: Any) -> bool:
    """Whether a Node object says that it is Ready."""
    return any(condition.type == "Ready" and condition.status == "True" for condition in node.status.conditions)


def _late(state: StateFolder, waiting: Collection[str], patience: float, *, answered: bool) -> str:
    driver = driver_of(state)
    if not answered:
        return f"the API server did not answer within {patience:g} s: see {driver.log(state, API_SERVER)}"
    log = driver.log(state, sorted(waiting)[0])
    return f"node {', '.join(sorted(waiting))} did not become Ready within {patience:g} s: see {log}"
