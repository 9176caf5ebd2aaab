"""Which nodes stand behind the load balancers: pure, from the Node objects alone.

Readiness is not asked for: a dead node is found by the load balancer's own health check (KEP-3458).
"""

from dataclasses import dataclass

from protos.kubernetes import core_pb2

EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
SCALE_DOWN_TAINT = "ToBeDeletedByClusterAutoscaler"


@dataclass(frozen=True)
class Backend:
    """A node; one internal address a family, "" where it has none."""

    name: str
    ipv4: str
    ipv6: str

    def address(self, version: int) -> str:
        return self.ipv6 if version == 6 else self.ipv4


def backends(nodes: list[core_pb2.Node]) -> tuple[Backend, ...]:
    """The members, sorted by name."""
    members = [_backend(node) for node in nodes if _is_member(node)]
    return tuple(sorted(members, key=lambda backend: backend.name))


def _is_member(node: core_pb2.Node) -> bool:
    excluded = node.metadata.labels.get(EXCLUDE_LABEL, "false") != "false"
    leaving = any(taint.key == SCALE_DOWN_TAINT for taint in node.spec.taints)
    return not excluded and not leaving and not node.metadata.HasField("deletionTimestamp")


def _backend(node: core_pb2.Node) -> Backend:
    internal = [address.address for address in node.status.addresses if address.type == "InternalIP"]
    ipv4 = next((address for address in internal if ":" not in address), "")
    ipv6 = next((address for address in internal if ":" in address), "")
    return Backend(node.metadata.name, ipv4, ipv6)
