"""The table of strategies: one for each kind of the API."""

from random import Random

from apiserver.registry.namespace import NamespaceStrategy
from apiserver.registry.network import ClusterNetwork
from apiserver.registry.service.strategy import ServiceStrategy
from apiserver.registry.strategy import Strategy
from protos import kinds


def strategies(network: ClusterNetwork, random: Random) -> dict[str, Strategy]:
    """By resource; a kind without rules of its own is an ordinary one."""
    found: dict[str, Strategy] = {kind.resource: Strategy(kind) for kind in kinds.KINDS}
    own: list[Strategy] = [NamespaceStrategy(), ServiceStrategy(network, random)]
    found.update({strategy.kind.resource: strategy for strategy in own})
    return found
