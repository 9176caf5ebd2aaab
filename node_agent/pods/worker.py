"""Makes one pod's world match its object: the kubelet's pod worker. It is told that something changed, never what."""

import asyncio
import logging
import time

from node_agent.network.addresses import NoFreeAddress
from node_agent.pods import sandbox, starting, stopping
from node_agent.pods.connection import ShimError
from node_agent.pods.folders import pod_folder
from node_agent.pods.running import Runs
from node_agent.pods.sandbox import Sandbox
from node_agent.pods.state import PodState, Surroundings
from node_agent.pods.status import pod_status
from protos import kinds, timestamps
from protos.kubernetes import core_pb2
from protos.presence import drop_empty_values
from svclab.client import errors

RETRY_PAUSE = 1.0
TERMINAL = ("Succeeded", "Failed")

log = logging.getLogger(__name__)


class PodWorker:
    """One pod, from its first sight until it is gone from the node."""

    def __init__(self, pod: core_pb2.Pod, around: Surroundings, adopted: Sandbox | None) -> None:
        self._state = PodState(pod, around, adopted)
        self._runs = Runs(self._state)
        self._deadline = 0.0
        self._stopping: asyncio.Task[None] | None = None

    @property
    def pod(self) -> core_pb2.Pod:
        return self._state.pod

    @property
    def sandbox(self) -> Sandbox | None:
        return self._state.sandbox

    def wake(self) -> None:
        """Something about the pod changed."""
        self._state.wake()

    def update(self, pod: core_pb2.Pod) -> None:
        """The object changed; our own writes may have been seen before."""
        if int(pod.metadata.resourceVersion) >= int(self.pod.metadata.resourceVersion):
            self._state.pod = pod
            self.wake()

    def remove(self) -> None:
        """The object is gone: so must be the pod, at once."""
        self._state.removed = True
        self.wake()

    async def run(self) -> None:
        """Returns when the pod is gone from the node; cancelling leaves it as it is."""
        try:
            while True:
                self._state.woken.clear()
                wake_at = await self._attempt()
                if wake_at is None:
                    return
                try:
                    async with asyncio.timeout(max(wake_at - time.time(), 0.0) if wake_at else None):
                        await self._state.woken.wait()
                except TimeoutError:
                    continue
        finally:
            self._runs.close()
            if self._stopping is not None:
                self._stopping.cancel()
            if self.sandbox is not None:
                self.sandbox.shim.close()

    async def _attempt(self) -> float | None:
        """One sync; when the next is due at the latest (0: when something changes), None when the pod is gone."""
        try:
            return await self._sync()
        except errors.ApiError as error:
            log.info("pod sync will be retried", extra={"pod": self._state.name, "error": str(error)})
        except (ShimError, NoFreeAddress, OSError) as error:
            self._state.event("FailedCreatePodSandBox", f"Failed to create pod sandbox: {error}", warning=True)
            self._state.lose_sandbox()
        except Exception:
            log.exception("pod sync failed", extra={"pod": self._state.name})
        return time.time() + RETRY_PAUSE

    async def _sync(self) -> float | None:
        state = self._state
        if state.is_ending:
            return await self._terminate()
        if self.pod.status.phase in TERMINAL:
            self._rest()
            return 0.0
        if not state.around.network.known.is_set():
            return 0.0  # woken when the node has its podCIDR
        own = await self._have_sandbox()
        self._runs.observe()
        wake_at = await starting.start_what_is_due(state, own)
        await starting.settled(state)
        self._runs.observe()
        await self._write_status()
        return wake_at

    async def _have_sandbox(self) -> Sandbox:
        state = self._state
        if state.sandbox is not None and state.sandbox.shim.gone:
            state.lose_sandbox()
        if state.sandbox is None:
            around = state.around
            state.sandbox = await sandbox.create(self.pod, around.config, around.network, around.spawner, self.wake)
        return state.sandbox

    def _rest(self) -> None:
        """The pod's work is done: only its logs remain, until the object is deleted."""
        self._runs.close()
        if self.sandbox is not None:
            self.sandbox.shim.stop()
            self._state.around.network.addresses.release(self._state.uid)

    async def _terminate(self) -> float | None:
        state = self._state
        deadline = time.time() + (0.0 if state.removed else float(self.pod.metadata.deletionGracePeriodSeconds))
        if self._stopping is None:
            self._deadline = deadline
            self._stopping = asyncio.create_task(stopping.stop_all(state, lambda: self._deadline))
            self._stopping.add_done_callback(lambda _: self.wake())
        self._deadline = min(self._deadline, deadline)
        if not self._stopping.done():
            self._runs.observe()
            if not state.removed:
                await self._write_status()
            return 0.0
        await self._forget()
        if not state.removed:
            await self._delete_object()
        return None

    async def _forget(self) -> None:
        """Ends the sandbox and gives its address back."""
        if (own := self.sandbox) is not None:
            own.shim.stop()
            limit = time.time() + stopping.PATIENCE
            await self._state.until(lambda: own.shim.gone, lambda: limit)
        pod_folder(self._state.around.config.state_dir, self._state.uid).remove()
        self._state.around.network.addresses.release(self._state.uid)

    async def _delete_object(self) -> None:
        meta = self.pod.metadata
        try:
            await self._state.around.client.delete(kinds.PODS, meta.name, meta.namespace, grace_period=0, uid=meta.uid)
        except (errors.NotFound, errors.Conflict):
            return

    async def _write_status(self) -> None:
        """Writes the status if it is another than the API's."""
        state = self._state
        status = pod_status(state.pod_view(), timestamps.time(time.time()))
        drop_empty_values(status)  # as the API stores it: else an equal status would look like another one
        if status == self.pod.status:
            return
        wanted = core_pb2.Pod()
        wanted.CopyFrom(self.pod)
        wanted.status.CopyFrom(status)
        try:
            self.update(await state.around.client.update_status(wanted))
        except errors.NotFound:
            return  # the informer will tell
        except errors.Conflict:
            await self._read_again()

    async def _read_again(self) -> None:
        """Somebody else wrote at the same time: the next sync goes on from there."""
        meta = self.pod.metadata
        newest = await self._state.around.client.get(kinds.PODS, meta.name, meta.namespace)
        if newest.metadata.uid == meta.uid:
            self.update(newest)
        else:
            self.remove()
