"""Tells the cluster that the node lives: its Node object, kept up to date, and its Lease, renewed."""

import asyncio
import logging
import time

from node_agent import registration, syscalls
from node_agent.config import Config
from node_agent.registration import Machine
from protos import kinds, timestamps
from protos.kubernetes import coordination_pb2, core_pb2, meta_pb2
from svclab.client import Client, Lister, errors

LEASE_NAMESPACE = "kube-node-lease"
REGISTER_PAUSE = 0.2  # seconds between tries while the server refuses

log = logging.getLogger(__name__)


class Heartbeat:
    """Registers the node and keeps saying so. `node_changed` tells it what became of the object meanwhile."""

    def __init__(self, client: Client, config: Config, nodes: Lister[core_pb2.Node]) -> None:
        self._client, self._config, self._nodes = client, config, nodes
        self._machine = Machine.read()
        self._wake = asyncio.Event()
        self._lease: coordination_pb2.Lease | None = None
        self._posted_at = 0.0

    def node_changed(self, node: core_pb2.Node | None) -> None:
        """Somebody wrote or deleted this node's object."""
        if node is None or registration.differs(node.status, self._wanted(node)):
            self._wake.set()

    async def register(self) -> core_pb2.Node:
        """Makes sure that the Node is there and says what is true; waits for a server as long as it takes."""
        while True:
            try:
                return await self._register()
            except errors.Unreachable:
                await self._client.ready()
            except errors.ApiError as error:
                log.warning("node not registered", extra={"error": str(error)})
            await asyncio.sleep(REGISTER_PAUSE)

    async def run(self) -> None:
        """Renews the Lease and posts the status until cancelled."""
        due = 0.0
        while True:
            self._wake.clear()
            try:
                if time.monotonic() >= due:
                    await self._renew()
                    due = time.monotonic() + self._config.heartbeat
                    syscalls.trim_heap()  # gives back what a burst of changes took
                await self._post()
            except errors.Unreachable:
                await self._client.ready()
                continue
            except errors.ApiError as error:
                log.warning("heartbeat failed", extra={"error": str(error)})
                await asyncio.sleep(REGISTER_PAUSE)
                continue
            try:
                async with asyncio.timeout(max(due - time.monotonic(), 0.0)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _register(self) -> core_pb2.Node:
        try:
            created = await self._client.create(registration.new_node(self._config, self._machine, time.time()))
        except errors.AlreadyExists:
            node: core_pb2.Node = await self._client.get(kinds.NODES, self._config.node_name)
            node = await self._label(node)
            wanted = self._wanted(node)
            if not registration.differs(node.status, wanted):
                return node
            node.status.CopyFrom(wanted)
            created = await self._client.update_status(node)
        self._posted_at = time.monotonic()
        return created

    async def _label(self, node: core_pb2.Node) -> core_pb2.Node:
        """Gives an older Node the labels of this run; others' stay."""
        wanted = registration.labels(self._config, self._machine)
        if all(node.metadata.labels.get(key) == value for key, value in wanted.items()):
            return node
        node.metadata.labels.update(wanted)
        return await self._client.update(node)

    def _wanted(self, node: core_pb2.Node) -> core_pb2.NodeStatus:
        return registration.node_status(node.status, self._config, self._machine, time.time())

    async def _post(self) -> None:
        """Posts the status if it changed or was not posted for long; registers anew if the Node was deleted."""
        node = self._nodes.get("", self._config.node_name)
        if node is None:
            await self._register()
            return
        wanted = self._wanted(node)
        is_old = time.monotonic() - self._posted_at > self._config.status_interval
        if not is_old and not registration.differs(node.status, wanted):
            return
        changed = core_pb2.Node()
        changed.CopyFrom(node)
        changed.status.CopyFrom(wanted)
        try:
            await self._client.update_status(changed)
        except errors.Conflict:
            return  # a newer object is on its way and will wake us
        self._posted_at = time.monotonic()

    async def _renew(self) -> None:
        """A conflict means that the lease was written by an earlier run of this agent: it is read and written again."""
        try:
            self._lease = await self._write(self._lease)
        except (errors.Conflict, errors.AlreadyExists, errors.NotFound):
            try:
                found = await self._client.get(kinds.LEASES, self._config.node_name, LEASE_NAMESPACE)
            except errors.NotFound:
                found = None
            self._lease = await self._write(found)

    async def _write(self, present: coordination_pb2.Lease | None) -> coordination_pb2.Lease:
        now = timestamps.micro_time(time.time())
        if present is not None:
            present.spec.renewTime.CopyFrom(now)
            return await self._client.update(present)
        lease = coordination_pb2.Lease(
            metadata=meta_pb2.ObjectMeta(name=self._config.node_name, namespace=LEASE_NAMESPACE),
            spec=coordination_pb2.LeaseSpec(
                holderIdentity=self._config.node_name,
                leaseDurationSeconds=round(self._config.lease_duration),
                acquireTime=now,
                renewTime=now,
            ),
        )
        return await self._client.create(lease)
