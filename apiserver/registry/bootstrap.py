"""The objects that every cluster has from its first moment."""

from typing import TYPE_CHECKING

from apiserver.registry.errors import AlreadyExists
from protos.kinds import NAMESPACES, SERVICES
from protos.kubernetes import core_pb2 as core
from protos.kubernetes.meta_pb2 import IntOrString, ObjectMeta

if TYPE_CHECKING:
    from apiserver.registry.registry import Registry

NAMESPACE_NAMES = ("default", "kube-node-lease", "kube-public", "kube-system")


async def bootstrap(registry: "Registry") -> None:
    """Makes what is missing: the first namespaces, and the `kubernetes` Service at the first service address."""
    for name in NAMESPACE_NAMES:
        await _ensure(registry, "", core.Namespace(metadata=ObjectMeta(name=name)))
    await _ensure(registry, "default", _api_service(registry))


def _api_service(registry: "Registry") -> core.Service:
    """`kubernetes`: no selector, so whoever serves the API there writes its endpoints."""
    ranges = registry.network.ranges
    family = registry.network.families[0]
    address = ranges[family].address(0)
    port = core.ServicePort(name="https", protocol="TCP", port=443, targetPort=IntOrString(intVal=6443))
    return core.Service(
        metadata=ObjectMeta(name="kubernetes", labels={"component": "apiserver", "provider": "kubernetes"}),
        spec=core.ServiceSpec(
            type="ClusterIP",
            clusterIP=address,
            clusterIPs=[address],
            ipFamilies=[family],
            ipFamilyPolicy="SingleStack",
            ports=[port],
        ),
    )


async def _ensure(registry: "Registry", namespace: str, message: core.Namespace | core.Service) -> None:
    kind = SERVICES if isinstance(message, core.Service) else NAMESPACES
    try:
        await registry.create(kind, namespace, message)
    except AlreadyExists:
        return
