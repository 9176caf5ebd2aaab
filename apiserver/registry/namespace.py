"""Namespaces: they end in two steps, so that their content goes first."""

from apiserver.registry.errors import Forbidden
from apiserver.registry.strategy import Object, Strategy, restore
from protos.kinds import NAMESPACES
from protos.labels import dns1123_label_faults

NAME_LABEL = "kubernetes.io/metadata.name"
CONTENT_FINALIZER = "kubernetes"
_IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


class NamespaceStrategy(Strategy):
    """spec.finalizers holds `kubernetes` until the namespace controller has emptied a namespace that is being deleted.

    The controller takes it off by an ordinary update or patch, which may remove spec.finalizers only then, never add.
    """

    has_status = True

    def __init__(self) -> None:
        super().__init__(NAMESPACES, dns1123_label_faults)

    def default(self, new: Object) -> None:
        if new.metadata.name:
            new.metadata.labels[NAME_LABEL] = new.metadata.name

    def prepare_create(self, new: Object) -> None:
        new.ClearField("status")
        new.status.phase = "Active"
        if CONTENT_FINALIZER not in new.spec.finalizers:
            new.spec.finalizers.append(CONTENT_FINALIZER)

    def prepare_update(self, new: Object, old: Object) -> None:
        super().prepare_update(new, old)
        kept = list(old.spec.finalizers)
        if old.metadata.HasField("deletionTimestamp"):
            kept = [name for name in kept if name in new.spec.finalizers]
        restore(new, old, "spec")
        if kept != list(new.spec.finalizers):
            new.spec.finalizers[:] = kept

    def check_delete(self, old: Object) -> None:
        if old.metadata.name in _IMMORTAL:
            raise Forbidden(self.kind, old.metadata.name, "this namespace may not be deleted")

    def begin_deletion(self, new: Object) -> None:
        new.status.phase = "Terminating"

    def lingers(self, value: Object) -> bool:
        return bool(value.spec.finalizers) or super().lingers(value)
