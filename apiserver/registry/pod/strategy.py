"""The strategy of Pods: they are bound once, and end gracefully by their node's agent."""

from collections.abc import Callable

from apiserver.registry.field_errors import FieldError
from apiserver.registry.pod.defaults import admit, qos_class, set_defaults
from apiserver.registry.pod.spec_rules import validate_pod
from apiserver.registry.pod.status_rules import complete_addresses, validate_status
from apiserver.registry.pod.update_rules import validate_pod_update
from apiserver.registry.strategy import Strategy
from protos import timestamps
from protos.kinds import PODS
from protos.kubernetes.core_pb2 import Pod
from protos.kubernetes.meta_pb2 import DeleteOptions

_TERMINAL = ("Succeeded", "Failed")


class PodStrategy(Strategy):
    """Pods. An update that sets nodeName binds the Pod: it gets the condition PodScheduled with it."""

    has_status = True

    def __init__(self, clock: Callable[[], float], outage_tolerance: int) -> None:
        super().__init__(PODS)
        self._clock = clock
        self._outage_tolerance = outage_tolerance

    def default(self, new: Pod) -> None:
        set_defaults(new)

    def prepare_create(self, new: Pod) -> None:
        admit(new, self._outage_tolerance)
        new.metadata.generation = 1
        new.ClearField("status")
        new.status.phase = "Pending"
        new.status.qosClass = qos_class(new)

    def prepare_update(self, new: Pod, old: Pod) -> None:
        super().prepare_update(new, old)
        if new.spec.nodeName and not old.spec.nodeName:
            self._mark_scheduled(new)
        if new.spec != old.spec:
            new.metadata.generation = old.metadata.generation + 1

    def prepare_status_update(self, new: Pod, old: Pod) -> None:
        super().prepare_status_update(new, old)
        complete_addresses(new.status)

    def _mark_scheduled(self, new: Pod) -> None:
        conditions = new.status.conditions
        kept = [condition for condition in conditions if condition.type != "PodScheduled"]
        del conditions[:]
        conditions.extend(kept)
        conditions.add(type="PodScheduled", status="True", lastTransitionTime=timestamps.time(self._clock()))

    def validate(self, new: Pod) -> list[FieldError]:
        return validate_pod(new)

    def validate_update(self, new: Pod, old: Pod) -> list[FieldError]:
        return validate_pod_update(new, old)

    def validate_status(self, new: Pod, old: Pod) -> list[FieldError]:
        return validate_status(new.status)

    def grace_period(self, old: Pod, options: DeleteOptions) -> int:
        """As asked for, else the Pod's own; none where no container can be running."""
        if not old.spec.nodeName or old.status.phase in _TERMINAL:
            return 0
        if options.HasField("gracePeriodSeconds"):
            return max(options.gracePeriodSeconds, 0)
        if old.metadata.HasField("deletionTimestamp"):
            return old.metadata.deletionGracePeriodSeconds
        return old.spec.terminationGracePeriodSeconds
