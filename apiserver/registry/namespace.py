"""Namespaces: they end in two steps, so that their content goes first."""

from apiserver.registry.errors import Forbidden, NotFound
from apiserver.registry.keys import object_key
from apiserver.registry.strategy import Object, Strategy, restore
from apiserver.store import Compare, Store
from protos.kinds import NAMESPACES, Kind
from protos.kubernetes.core_pb2 import Namespace
from protos.kubernetes.meta_pb2 import ObjectMeta, StatusCause
from protos.labels import dns1123_label_faults

NAME_LABEL = "kubernetes.io/metadata.name"
CONTENT_FINALIZER = "kubernetes"
_IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


def check_open(store: Store, kind: Kind, meta: ObjectMeta) -> Compare:
    """The condition under which a new object may appear in its namespace: that the namespace stays as it is now.

    Raises NotFound for a namespace that is missing, Forbidden for one that is being deleted.
    """
    namespace = meta.namespace
    current = store.get(object_key(NAMESPACES, "", namespace))
    if current is None:
        raise NotFound(NAMESPACES, namespace)
    if Namespace.FromString(current.value).metadata.HasField("deletionTimestamp"):
        text = f"namespace {namespace} is being terminated"
        cause = StatusCause(reason="NamespaceTerminating", message=text, field="metadata.namespace")
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise Forbidden(kind, meta.name, why, [cause])
    return Compare(current.key, current.mod_revision)


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
