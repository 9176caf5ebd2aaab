"""What may change in a Pod once it is there."""

from apiserver.registry.field_errors import FieldError, forbidden, invalid
from protos.jsonform import to_json
from protos.kubernetes import core_pb2 as core

_MUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_update(new: core.Pod, old: core.Pod) -> list[FieldError]:
    """Images, tolerations, the deadline; and nodeName once, which is how a scheduler binds a Pod."""
    errors: list[FieldError] = []
    for name in ("containers", "initContainers"):
        mine, theirs = getattr(new.spec, name), getattr(old.spec, name)
        if len(mine) != len(theirs):
            return [forbidden(f"spec.{name}", "pod updates may not add or remove containers")]
    kept = {_identity(toleration) for toleration in new.spec.tolerations}
    if any(_identity(toleration) not in kept for toleration in old.spec.tolerations):
        text = "existing toleration can not be modified except its tolerationSeconds"
        errors.append(forbidden("spec.tolerations", text))
    errors += _validate_deadline(new, old)
    # As JSON: whether an empty message that is held by value is set or not is no difference.
    if to_json(_without_mutable(new, old)) != to_json(old.spec):
        errors.append(forbidden("spec", _MUTABLE))
    return errors


def _identity(toleration: core.Toleration) -> tuple[str, ...]:
    return toleration.key, toleration.operator, toleration.value, toleration.effect


def _validate_deadline(new: core.Pod, old: core.Pod) -> list[FieldError]:
    path, before, after = "spec.activeDeadlineSeconds", old.spec, new.spec
    if not before.HasField("activeDeadlineSeconds"):
        return []
    if not after.HasField("activeDeadlineSeconds"):
        return [invalid(path, None, "must not update from a positive integer to nil value")]
    if after.activeDeadlineSeconds > before.activeDeadlineSeconds:
        return [invalid(path, after.activeDeadlineSeconds, "must be less than or equal to previous value")]
    return []


def _without_mutable(new: core.Pod, old: core.Pod) -> core.PodSpec:
    """The new spec with everything that may change put back."""
    spec, before = core.PodSpec(), old.spec
    spec.CopyFrom(new.spec)
    for name in ("containers", "initContainers"):
        for container, was in zip(getattr(spec, name), getattr(before, name), strict=True):
            container.image = was.image
    spec.ClearField("activeDeadlineSeconds")
    if before.HasField("activeDeadlineSeconds"):
        spec.activeDeadlineSeconds = before.activeDeadlineSeconds
    del spec.tolerations[:]
    spec.tolerations.extend(before.tolerations)
    if not before.nodeName:
        spec.nodeName = ""
    return spec
