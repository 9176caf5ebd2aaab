"""What the cloud writes to Services: their status and their finalizers."""

from collections.abc import Sequence
from typing import Any

from cloud_controller.pool import Address
from cloud_controller.request import Mode
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client.client import Client


async def publish(client: Client, service: core_pb2.Service, mode: Mode, addresses: Sequence[Address]) -> None:
    """Writes status.loadBalancer, where it is not that already. Raises ApiError."""
    ip_mode = "VIP" if mode == "vip" else "Proxy"
    desired = [core_pb2.LoadBalancerIngress(ip=str(address), ipMode=ip_mode) for address in addresses]
    if list(service.status.loadBalancer.ingress) == desired:
        return
    ingress: list[dict[str, Any]] = [{"ip": entry.ip, "ipMode": entry.ipMode} for entry in desired]
    meta, patch = service.metadata, {"status": {"loadBalancer": {"ingress": ingress}}}
    await client.patch(kinds.SERVICES, meta.name, meta.namespace, patch, type="merge", subresource="status")


async def set_finalizers(client: Client, service: core_pb2.Service, finalizers: Sequence[str]) -> None:
    """The resourceVersion in the patch keeps finalizers that others write at the same time. Raises ApiError."""
    meta = service.metadata
    patch = {"metadata": {"resourceVersion": meta.resourceVersion, "finalizers": [*finalizers]}}
    await client.patch(kinds.SERVICES, meta.name, meta.namespace, patch, type="merge")
