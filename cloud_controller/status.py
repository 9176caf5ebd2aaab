"""What the cloud shows beside Services and events: a ConfigMap with the mode, addresses and nodes of each Service.

Its keys are NAMESPACE.NAME, which no two Services share, since neither part has a dot.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

from cloud_controller.balancing import LoadBalancer
from protos.kubernetes import core_pb2, meta_pb2
from svclab.client import errors
from svclab.client.client import Client

NAMESPACE, NAME = "kube-system", "cloud-status"
RETRY = 1.0  # seconds

log = logging.getLogger(__name__)


class Status:
    """Keeps the ConfigMap equal to what was shown last."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._shown: dict[str, str] = {}
        self._written: dict[str, str] | None = None
        self._changed = asyncio.Event()

    def show(self, balancers: Sequence[LoadBalancer]) -> None:
        """What there is now."""
        self._shown = data(balancers)
        if self._shown != self._written:
            self._changed.set()

    async def run(self) -> None:
        """Writes until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            shown = self._shown
            try:
                await self._write(shown)
                self._written = shown
            except errors.ApiError as error:
                log.warning("status not written", extra={"error": str(error)})
                await asyncio.sleep(RETRY)
                self._changed.set()

    async def _write(self, shown: dict[str, str]) -> None:
        """The whole of it; a cloud that never had anything to show makes no ConfigMap."""
        desired = core_pb2.ConfigMap(metadata=meta_pb2.ObjectMeta(namespace=NAMESPACE, name=NAME), data=shown)
        try:
            await self._client.update(desired)
        except errors.NotFound:
            if shown:
                await self._client.create(desired)


def data(balancers: Sequence[LoadBalancer]) -> dict[str, str]:
    """The content of the ConfigMap."""
    services: dict[str, dict[str, Any]] = {}
    for balancer in balancers:
        request = balancer.request
        row = services.setdefault(
            f"{request.namespace}.{request.name}",
            {"mode": request.mode, "ports": [f"{port.port}/{port.protocol}" for port in request.ports], "nodes": {}},
        )
        healthy = [node.name for node in balancer.healthy]
        row["nodes"][str(balancer.address)] = {
            "healthy": healthy,
            "unhealthy": [node.name for node in balancer.nodes if node.name not in healthy],
        }
    return {key: json.dumps(row) for key, row in services.items()}
