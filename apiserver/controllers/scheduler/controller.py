"""Watches pods and nodes; binds pods."""

from apiserver.controllers.informers import Informers
from apiserver.controllers.scheduler.choice import choose
from protos import kinds, timestamps
from protos.kubernetes import core_pb2
from svclab.client import Client, Controller, EventRecorder, Key, errors
from svclab.client.clock import Clock

WORKERS = 16  # bindings under way at the same time
NAMES = ("", "default-scheduler")


class Scheduler:
    """One reconcile binds one pod, or says why it cannot. A change of a node tries all waiting pods again."""

    def __init__(self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock) -> None:
        self._client = client
        self._informers = informers
        self._recorder = recorder
        self._clock = clock
        self._binding: dict[Key, core_pb2.Pod] = {}  # chosen, but not seen bound yet: they take part in choices
        self._controller = Controller[Key](
            "scheduler", self.reconcile, (informers.pods, informers.nodes), workers=WORKERS, clock=clock
        )
        informers.pods.add_handler(self._pod_changed)
        informers.nodes.add_handler(self._node_changed)

    async def run(self) -> None:
        """Works until cancelled."""
        await self._controller.run()

    async def reconcile(self, key: Key) -> None:
        """Binds the pod to a node."""
        pod = self._informers.pods.lister.get(*key)
        if pod is None or not is_waiting(pod):
            return
        # What was chosen stays chosen: when an answer is lost, the pod may be there already.
        bound = self._binding.get(key) or await self._choose(pod)
        if bound is None:
            return
        self._binding[key] = bound
        try:
            answer = await self._client.update(bound)
        except (errors.NotFound, errors.Conflict):
            self._binding.pop(key, None)
            raise
        if key in self._binding:  # else the watch was faster: the pod has been seen bound
            self._binding[key] = answer
        self._recorder.event(pod, "Normal", "Scheduled", f"Successfully assigned {key} to {bound.spec.nodeName}")

    async def _choose(self, pod: core_pb2.Pod) -> core_pb2.Pod | None:
        """A copy of the pod, bound to a node; None, and the reason told, if no node can take it."""
        choice = choose(pod, self._informers.nodes.lister.list(), self._placed())
        if not choice.node:
            await self._tell_failure(pod, choice.message)
            return None
        bound = core_pb2.Pod()
        bound.CopyFrom(pod)
        bound.spec.nodeName = choice.node
        return bound

    def _placed(self) -> list[core_pb2.Pod]:
        seen = (pod for pod in self._informers.pods.lister.list() if pod.spec.nodeName)
        return [*seen, *self._binding.values()]

    async def _tell_failure(self, pod: core_pb2.Pod, message: str) -> None:
        self._recorder.event(pod, "Warning", "FailedScheduling", message)
        known = next((there for there in pod.status.conditions if there.type == "PodScheduled"), None)
        if known is not None and known.message == message:
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastTransitionTime": timestamps.format_time(timestamps.time(self._clock.time())),
        }
        meta, patch = pod.metadata, {"status": {"conditions": [condition]}}
        try:
            await self._client.patch(kinds.PODS, meta.name, meta.namespace, patch, subresource="status")
        except errors.NotFound:
            return

    def _pod_changed(self, key: Key, old: core_pb2.Pod | None, new: core_pb2.Pod | None) -> None:
        if new is None or new.spec.nodeName:
            self._binding.pop(key, None)
        if new is None and old is not None and old.spec.nodeName:
            self._try_all()  # it has left room
        elif new is not None and is_waiting(new) and (old is None or old.spec != new.spec):
            self._controller.queue.add(key)

    def _node_changed(self, key: Key, old: core_pb2.Node | None, new: core_pb2.Node | None) -> None:
        if old is None or new is None or _facts(old) != _facts(new):
            self._try_all()

    def _try_all(self) -> None:
        for pod in self._informers.pods.lister.indexed("node", ""):
            if is_waiting(pod):
                self._controller.queue.add(Key(pod.metadata.namespace, pod.metadata.name))


def is_waiting(pod: core_pb2.Pod) -> bool:
    """The pod is for this scheduler to bind."""
    return (
        not pod.spec.nodeName
        and not pod.metadata.HasField("deletionTimestamp")
        and not pod.spec.schedulingGates
        and pod.spec.schedulerName in NAMES
    )


def _facts(node: core_pb2.Node) -> tuple[object, ...]:
    """What choices depend on."""
    conditions = {condition.type: condition.status for condition in node.status.conditions}
    taints = [(taint.key, taint.value, taint.effect) for taint in node.spec.taints]
    return conditions, taints, node.spec.unschedulable, dict(node.metadata.labels), dict(node.status.allocatable)
