"""What a DELETE does to an object's metadata before it goes, or while it lingers."""

from apiserver.registry.errors import Invalid, PreconditionFailed
from apiserver.registry.field_errors import not_supported
from apiserver.registry.strategy import Object, Strategy
from protos import timestamps
from protos.kinds import Kind
from protos.kubernetes.meta_pb2 import DeleteOptions

_FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan", "Background": None}


def check_preconditions(kind: Kind, old: Object, revision: int, options: DeleteOptions) -> None:
    """Raises PreconditionFailed for another uid or resourceVersion, Invalid for an unknown policy."""
    wanted, name = options.preconditions, old.metadata.name
    if wanted.HasField("uid") and wanted.uid != old.metadata.uid:
        text = f"UID in precondition: {wanted.uid}, UID in object meta: {old.metadata.uid}"
        raise PreconditionFailed(kind, name, f"Precondition failed: {text}")
    if wanted.HasField("resourceVersion") and wanted.resourceVersion != str(revision):
        text = f"ResourceVersion in precondition: {wanted.resourceVersion}, ResourceVersion in object meta: {revision}"
        raise PreconditionFailed(kind, name, f"Precondition failed: {text}")
    if options.HasField("propagationPolicy") and options.propagationPolicy not in _FINALIZERS:
        raise Invalid(kind, name, [not_supported("propagationPolicy", options.propagationPolicy, _FINALIZERS)])


def mark_deleted(strategy: Strategy, new: Object, options: DeleteOptions, now: float) -> None:
    """Sets deletionTimestamp and grace period; repeated, it can only bring the end nearer."""
    meta = new.metadata
    _choose_propagation(new, options)
    grace = strategy.grace_period(new, options)
    if not meta.HasField("deletionTimestamp"):
        meta.deletionTimestamp.CopyFrom(timestamps.time(now + grace))
        meta.deletionGracePeriodSeconds = grace
        if meta.generation:
            meta.generation += 1
        strategy.begin_deletion(new)
    elif grace < meta.deletionGracePeriodSeconds:
        meta.deletionTimestamp.seconds -= meta.deletionGracePeriodSeconds - grace
        meta.deletionGracePeriodSeconds = grace


def _choose_propagation(new: Object, options: DeleteOptions) -> None:
    """The policy is a finalizer, which the garbage collector takes off when it has done its part."""
    if options.HasField("propagationPolicy"):
        finalizer = _FINALIZERS[options.propagationPolicy]
    elif options.HasField("orphanDependents"):
        finalizer = "orphan" if options.orphanDependents else None
    else:
        return
    finalizers = new.metadata.finalizers
    for name in ("orphan", "foregroundDeletion"):
        if name in finalizers and name != finalizer:
            finalizers.remove(name)
    if finalizer and finalizer not in finalizers:
        finalizers.append(finalizer)
