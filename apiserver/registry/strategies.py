"""The table of strategies: one for each kind of the API."""

from collections.abc import Callable
from random import Random

from apiserver.registry.config_map import ConfigMapStrategy
from apiserver.registry.endpoint_slice import EndpointSliceStrategy
from apiserver.registry.endpoints import EndpointsStrategy
from apiserver.registry.event import EventStrategy
from apiserver.registry.lease import LeaseStrategy
from apiserver.registry.namespace import NamespaceStrategy
from apiserver.registry.network import ClusterNetwork
from apiserver.registry.node import NodeStrategy
from apiserver.registry.pod.strategy import PodStrategy
from apiserver.registry.service.strategy import ServiceStrategy
from apiserver.registry.strategy import Strategy
from protos import kinds


def strategies(
    network: ClusterNetwork, clock: Callable[[], float], random: Random, outage_tolerance: int
) -> dict[str, Strategy]:
    """By resource; a kind without rules of its own is an ordinary one."""
    found: dict[str, Strategy] = {kind.resource: Strategy(kind) for kind in kinds.KINDS}
    own: list[Strategy] = [
        ConfigMapStrategy(),
        EndpointSliceStrategy(),
        EndpointsStrategy(),
        EventStrategy(),
        LeaseStrategy(),
        NamespaceStrategy(),
        NodeStrategy(),
        PodStrategy(clock, outage_tolerance),
        ServiceStrategy(network, random),
    ]
    found.update({strategy.kind.resource: strategy for strategy in own})
    return found
