"""The containers of a described pod."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from svclab.cli.describe.probes import probe_text
from svclab.cli.describe.text import Text
from svclab.cli.describe.times import rfc1123
from svclab.cli.podstate import terminated_reason
from svclab.cli.tables import NONE


def write_containers(text: Text, title: str, containers: Iterable[Any], statuses: Iterable[Any], pod: Any) -> None:
    """A block for each container: what it should be, and how it is."""
    by_name = {status.name: status for status in statuses}
    text.line(f"{title}:")
    for container in containers:
        text.line(f"{container.name}:", 1)
        _container(text, container, by_name.get(container.name), pod)


def _container(text: Text, container: Any, status: Any, pod: Any) -> None:
    if status is not None:
        text.field("Container ID", status.containerID, 2)
    text.field("Image", container.image, 2)
    if status is not None:
        text.field("Image ID", status.imageID, 2)
    _ports(text, container)
    _words(text, "Command", container.command)
    _words(text, "Args", container.args)
    if status is not None:
        _state(text, "State", status.state)
        if status.lastState.HasField("terminated"):
            _state(text, "Last State", status.lastState)
        text.field("Ready", str(status.ready).capitalize(), 2)
        text.field("Restart Count", status.restartCount, 2)
    _resources(text, "Limits", container.resources.limits)
    _resources(text, "Requests", container.resources.requests)
    for name, field in (("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")):
        if container.HasField(field):
            text.field(name, probe_text(getattr(container, field)), 2)
    _environment(text, container, pod)
    _mounts(text, container)


def _ports(text: Text, container: Any) -> None:
    name = "Ports" if len(container.ports) > 1 else "Port"
    ports = (
        f"{port.containerPort}/{port.protocol}" + (f" ({port.name})" if port.name else "") for port in container.ports
    )
    text.field(name, ", ".join(ports) or NONE, 2)
    host_ports = (f"{port.hostPort}/{port.protocol}" for port in container.ports)
    text.field(f"Host {name}", ", ".join(host_ports) or NONE, 2)


def _words(text: Text, title: str, words: Iterable[str]) -> None:
    found = list(words)
    if not found:
        return
    text.line(f"{title}:", 2)
    for word in found:
        for line in word.split("\n"):
            text.line(line, 3)


def _state(text: Text, title: str, state: Any) -> None:
    if state.HasField("running"):
        text.field(title, "Running", 2)
        text.field("Started", rfc1123(state.running.startedAt), 3)
    elif state.HasField("terminated"):
        _terminated(text, title, state.terminated)
    else:
        text.field(title, "Waiting", 2)
        if state.waiting.reason:
            text.field("Reason", state.waiting.reason, 3)
        if state.waiting.message:
            text.field("Message", state.waiting.message, 3)


def _terminated(text: Text, title: str, terminated: Any) -> None:
    text.field(title, "Terminated", 2)
    text.field("Reason", terminated_reason(terminated), 3)
    if terminated.message:
        text.field("Message", terminated.message.strip(), 3)
    text.field("Exit Code", terminated.exitCode, 3)
    if terminated.signal:
        text.field("Signal", terminated.signal, 3)
    text.field("Started", rfc1123(terminated.startedAt), 3)
    text.field("Finished", rfc1123(terminated.finishedAt), 3)


def _resources(text: Text, title: str, resources: Mapping[str, Any]) -> None:
    if resources:
        text.line(f"{title}:", 2)
        for name in sorted(resources):
            text.field(name, resources[name].string, 3)


def _environment(text: Text, container: Any, pod: Any) -> None:
    if container.envFrom:
        text.line("Environment Variables from:", 2)
        for source in container.envFrom:
            text.field(source.configMapRef.localObjectReference.name, "ConfigMap", 3)
    if not container.env:
        text.field("Environment", NONE, 2)
        return
    text.line("Environment:", 2)
    for variable in container.env:
        text.field(variable.name, "".join(_variable(variable, pod)), 3)


def _variable(variable: Any, pod: Any) -> Iterator[str]:
    if not variable.HasField("valueFrom"):
        yield variable.value.replace("\n", "\\n")
    elif variable.valueFrom.HasField("fieldRef"):
        source = variable.valueFrom.fieldRef
        yield f"{_field_value(pod, source.fieldPath)} ({source.apiVersion or 'v1'}:{source.fieldPath})"
    elif variable.valueFrom.HasField("configMapKeyRef"):
        source = variable.valueFrom.configMapKeyRef
        yield f"<set to the key '{source.key}' of config map '{source.localObjectReference.name}'>"
        yield f"  Optional: {str(source.optional).lower()}"


def _field_value(pod: Any, path: str) -> str:
    """What a downward API reference finds, for the plain paths."""
    value = pod
    for part in path.split("."):
        value = getattr(value, part, "")
    return value if isinstance(value, str) else ""


def _mounts(text: Text, container: Any) -> None:
    if not container.volumeMounts:
        text.field("Mounts", NONE, 2)
        return
    text.line("Mounts:", 2)
    for mount in sorted(container.volumeMounts, key=lambda item: str(item.mountPath)):
        flags = "ro" if mount.readOnly else "rw"
        path = f',path="{mount.subPath}"' if mount.subPath else ""
        text.line(f"{mount.mountPath} from {mount.name} ({flags}{path})", 3)
