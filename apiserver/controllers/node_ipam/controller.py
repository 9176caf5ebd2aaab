"""Watches nodes; writes spec.podCIDR and spec.podCIDRs."""

from apiserver.controllers.informers import Informers
from apiserver.controllers.node_ipam.subnets import first_free, missing_families
from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client import Client, Controller, EventRecorder, Key, Terminal, errors
from svclab.client.clock import Clock


class NodeIpamController:
    """One reconcile gives one node what it lacks. A podCIDR is free again when its node is deleted."""

    def __init__(
        self,
        client: Client,
        informers: Informers,
        recorder: EventRecorder,
        clock: Clock,
        cluster_cidrs: tuple[str, ...],
    ) -> None:
        self._client = client
        self._informers = informers
        self._recorder = recorder
        self._cluster_cidrs = cluster_cidrs
        self._given: dict[Key, list[str]] = {}  # written, but perhaps not seen yet
        self._controller = Controller[Key]("node-ipam", self.reconcile, (informers.nodes,), clock=clock)
        informers.nodes.add_handler(self._node_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> None:
        """Gives the node a podCIDR of each family."""
        node = self._informers.nodes.lister.get(*key)
        if node is None:
            return
        if not missing_families(self._cluster_cidrs, node.spec.podCIDRs):
            return
        # What was chosen stays chosen: when an answer is lost, the node may have it already.
        cidrs = self._given[key] = self._given.get(key) or self._choose(node)
        try:
            spec = {"podCIDR": cidrs[0], "podCIDRs": cidrs}
            await self._client.patch(kinds.NODES, key.name, "", {"spec": spec}, type="merge")
        except errors.NotFound:
            del self._given[key]

    def _choose(self, node: core_pb2.Node) -> list[str]:
        missing = missing_families(self._cluster_cidrs, node.spec.podCIDRs)
        new = [first_free(cidr, self._used()) for cidr in missing]
        if not all(new):
            text = f"Node {node.metadata.name} status is now: CIDRNotAvailable"
            self._recorder.event(node, "Normal", "CIDRNotAvailable", text)
            raise Terminal(f"no podCIDR left in {' '.join(self._cluster_cidrs)}")
        return [*node.spec.podCIDRs, *new]

    def _used(self) -> set[str]:
        seen = {cidr for node in self._informers.nodes.lister.list() for cidr in node.spec.podCIDRs}
        return seen.union(*self._given.values())

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        if new is None or new.spec.podCIDRs:
            self._given.pop(key, None)
        for node in [new] if new is not None else self._informers.nodes.lister.list():  # a deleted one leaves room
            if missing_families(self._cluster_cidrs, node.spec.podCIDRs):
                self._controller.queue.add(Key("", node.metadata.name))
