"""All pods of the node: a worker for each, adopted or new, fed by the informer of the pods that are bound here."""

import asyncio
import logging
from functools import partial

from node_agent.pods import sandbox
from node_agent.pods.connection import ShimError
from node_agent.pods.folders import PodFolder, pod_folder, pod_folders
from node_agent.pods.removal import kill_shim
from node_agent.pods.sandbox import Sandbox
from node_agent.pods.state import Surroundings
from node_agent.pods.worker import PodWorker
from protos.kubernetes import core_pb2
from svclab.client import Key

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"

ADOPTION_PATIENCE = 3.0  # seconds for a shim to answer: one that hangs is no pod any more

log = logging.getLogger(__name__)


class PodNotHere(Exception):
    """No such pod runs on this node; the text is for people."""


class Pods:
    """Feed `changed` from an informer; call `adopt` before that, `forget_orphans` once the informer has synced."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._workers: dict[str, PodWorker] = {}  # by UID
        self._adopted: dict[str, Sandbox] = {}  # until the informer knows the pod
        self._tasks: set[asyncio.Task[None]] = set()

    async def adopt(self) -> None:
        """Takes over the pods that an earlier agent of this node left; what has no shim any more is forgotten."""
        found = {folder: sandbox.adopt(folder, partial(self._wake, folder.uid)) for folder in self._folders()}
        for folder, adopted in found.items():
            try:
                if adopted is None:
                    folder.remove_record()
                    continue
                async with asyncio.timeout(ADOPTION_PATIENCE):
                    await adopted.shim.known()
            except (ShimError, TimeoutError):
                kill_shim(folder.path)
                folder.remove_record()
                continue
            self._around.network.addresses.reserve(folder.uid, adopted.record.addresses)
            self._adopted[folder.uid] = adopted
        if self._adopted:
            log.info("pods adopted", extra={"pods": len(self._adopted)})

    def changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        """For the informer."""
        replaced = "" if old is None or (new and new.metadata.uid == old.metadata.uid) else old.metadata.uid
        if (worker := self._workers.get(replaced)) is not None:
            worker.remove()
        if new is None:
            return
        uid = new.metadata.uid
        if (worker := self._workers.get(uid)) is not None:
            worker.update(new)
            return
        worker = self._workers[uid] = PodWorker(new, self._around, self._adopted.pop(uid, None))
        task = asyncio.create_task(self._run(uid, worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget_orphans(self) -> None:
        """Ends the pods, and removes the folders of pods, that the API does not know any more."""
        for uid, orphan in self._adopted.items():
            log.info("pod without object ended", extra={"pod": f"{orphan.record.namespace}/{orphan.record.name}"})
            orphan.shim.stop()
            self._around.network.addresses.release(uid)
        self._adopted.clear()
        for folder in self._folders():
            if folder.uid not in self._workers:
                folder.remove()

    def find(self, namespace: str, name: str) -> Sandbox:
        """The sandbox of a running pod. Raises PodNotHere."""
        candidates = [*self._adopted.values(), *(worker.sandbox for worker in self._workers.values())]
        for candidate in candidates:
            if candidate and (candidate.record.namespace, candidate.record.name) == (namespace, name):
                return candidate
        raise PodNotHere(f'pod "{namespace}/{name}" does not run on node "{self._around.config.node_name}"')

    def find_folder(self, namespace: str, name: str) -> PodFolder:
        """The folder of a pod, whether it still runs or not. Raises PodNotHere."""
        if (pod := self._known(namespace, name)) is not None:
            return pod_folder(self._around.config.state_dir, pod.metadata.uid)
        return self.find(namespace, name).folder

    def default_container(self, namespace: str, name: str) -> str:
        """The container meant when none is named: the first, or what the pod's annotation says."""
        if (pod := self._known(namespace, name)) is not None:
            return pod.metadata.annotations.get(DEFAULT_CONTAINER) or pod.spec.containers[0].name
        return next(iter(self.find(namespace, name).shim.states), "")

    def status(self, namespace: str, name: str) -> core_pb2.PodStatus:
        """What the API says of a pod's state; nothing of a pod that it has forgotten."""
        pod = self._known(namespace, name)
        return core_pb2.PodStatus() if pod is None else pod.status

    def _known(self, namespace: str, name: str) -> core_pb2.Pod | None:
        """The pod as the API has it."""
        pods = (worker.pod for worker in self._workers.values())
        return next((pod for pod in pods if (pod.metadata.namespace, pod.metadata.name) == (namespace, name)), None)

    async def close(self) -> None:
        """Stops the workers; the pods stay."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for adopted in self._adopted.values():
            adopted.shim.close()

    async def _run(self, uid: str, worker: PodWorker) -> None:
        await worker.run()
        del self._workers[uid]

    def wake_all(self) -> None:
        """Something that concerns every pod changed."""
        for worker in self._workers.values():
            worker.wake()

    def _wake(self, uid: str) -> None:
        if (worker := self._workers.get(uid)) is not None:
            worker.wake()

    def _folders(self) -> list[PodFolder]:
        return pod_folders(self._around.config.state_dir)
