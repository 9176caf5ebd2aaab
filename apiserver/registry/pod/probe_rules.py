"""Rules of probes and of lifecycle handlers."""

from apiserver.registry.field_errors import FieldError, forbidden, invalid, not_supported, required
from apiserver.registry.service.port_rules import validate_target
from protos.kubernetes import core_pb2 as core

NOT_NEGATIVE = "must be greater than or equal to 0"
_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def validate_probe(probe: core.Probe, path: str, *, once: bool) -> list[FieldError]:
    """One handler, no negative number; `once`: one success must do (liveness, startup)."""
    errors = validate_handler(probe.handler, path)
    for name in _NUMBERS:
        if getattr(probe, name) < 0:
            errors.append(invalid(f"{path}.{name}", getattr(probe, name), NOT_NEGATIVE))
    if probe.HasField("terminationGracePeriodSeconds") and probe.terminationGracePeriodSeconds <= 0:
        value = probe.terminationGracePeriodSeconds
        errors.append(invalid(f"{path}.terminationGracePeriodSeconds", value, "must be greater than 0"))
    if once and probe.successThreshold != 1:
        errors.append(invalid(f"{path}.successThreshold", probe.successThreshold, "must be 1"))
    return errors


def validate_handler(handler: core.ProbeHandler | core.LifecycleHandler, path: str) -> list[FieldError]:
    """Exactly one way to ask, and that one whole."""
    chosen = [(descriptor.name, action) for descriptor, action in handler.ListFields()]
    if not chosen:
        return [required(path, "must specify a handler type")]
    errors: list[FieldError] = []
    for name, _ in chosen[1:]:
        errors.append(forbidden(f"{path}.{name}", "may not specify more than 1 handler type"))
    name, action = chosen[0]
    return errors + _validate_action(action, f"{path}.{name}")


def _validate_action(action: object, path: str) -> list[FieldError]:
    if isinstance(action, core.ExecAction):
        return [] if action.command else [required(f"{path}.command")]
    if isinstance(action, core.HTTPGetAction):
        return _validate_http(action, path)
    if isinstance(action, core.TCPSocketAction):
        return validate_target(action.port, f"{path}.port")
    if isinstance(action, core.GRPCAction) and not 1 <= action.port <= 65535:
        return [invalid(f"{path}.port", action.port, "must be between 1 and 65535, inclusive")]
    if isinstance(action, core.SleepAction) and action.seconds < 0:
        return [invalid(f"{path}.seconds", action.seconds, NOT_NEGATIVE)]
    return []


def _validate_http(action: core.HTTPGetAction, path: str) -> list[FieldError]:
    errors = [] if action.path else [required(f"{path}.path")]
    errors += validate_target(action.port, f"{path}.port")
    if action.scheme not in ("HTTP", "HTTPS"):
        errors.append(not_supported(f"{path}.scheme", action.scheme, ("HTTP", "HTTPS")))
    for index, header in enumerate(action.httpHeaders):
        if not header.name:
            errors.append(required(f"{path}.httpHeaders[{index}].name"))
    return errors
