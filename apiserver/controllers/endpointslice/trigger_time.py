"""When the newest change of a Service's endpoints began: what the network programming latency is measured from. Pure.

The value of the slice annotation endpoints.kubernetes.io/last-change-trigger-time.
"""

from collections.abc import Iterable

from protos import timestamps
from protos.kubernetes import core_pb2
from svclab.client import Key

ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time"


class TriggerTimes:
    """Remembers of each Service the Ready transition times of its pods."""

    def __init__(self) -> None:
        self._pods: dict[Key, dict[str, int]] = {}
        self._created: dict[Key, int] = {}

    def newest_change(self, key: Key, service: core_pb2.Service, pods: Iterable[core_pb2.Pod]) -> str:
        """The earliest time among the changes since the last call, as RFC 3339; "" if nothing datable changed."""
        times = {pod.metadata.uid: time for pod in pods if (time := _ready_changed(pod))}
        created = service.metadata.creationTimestamp.seconds
        before = self._pods.get(key)
        if before is None:
            changed = [created]
        else:
            changed = [time for uid, time in times.items() if time > before.get(uid, 0)]
            if created > self._created[key]:
                changed.append(created)
        self._pods[key], self._created[key] = times, created
        return timestamps.format_nanoseconds(min(changed) * 10**9) if changed else ""

    def forget(self, key: Key) -> None:
        """The Service is gone."""
        self._pods.pop(key, None)
        self._created.pop(key, None)


def _ready_changed(pod: core_pb2.Pod) -> int:
    for condition in pod.status.conditions:
        if condition.type == "Ready":
            return condition.lastTransitionTime.seconds
    return 0
