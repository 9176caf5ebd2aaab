"""A container's environment, and the $(NAME) references in its command: pure.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from protos.kubernetes import core_pb2

FindConfigMap = Callable[[str], core_pb2.ConfigMap | None]  # by name, in the pod's namespace

_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*)\))")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")


class ConfigError(Exception):
    """The pod asks for what is not there: the waiting reason is CreateContainerConfigError, the text its message."""


@dataclass(frozen=True)
class PodFacts:
    """What the downward API tells a container about its pod."""

    pod: core_pb2.Pod
    addresses: Sequence[str]
    node_addresses: Sequence[str]


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replaces $(NAME) by its value; $$ is one $, and an unknown name stays as it is."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return values.get(match[1], match[0])

    return _REFERENCE.sub(value, text)


def environment(
    container: core_pb2.Container,
    facts: PodFacts,
    services: Iterable[core_pb2.Service],
    find_config_map: FindConfigMap,
    image_env: Mapping[str, str],
) -> dict[str, str]:
    """The variables of the image, Services, envFrom and env, the later over the earlier. Raises ConfigError."""
    values: dict[str, str] = {}
    known = service_variables(facts.pod, services)
    for source in container.envFrom:
        values |= _from_source(source, find_config_map)
    for variable in container.env:
        if variable.HasField("valueFrom"):
            text = _referenced(variable.valueFrom, container, facts, find_config_map)
            if text is not None:
                values[variable.name] = text
        else:
            values[variable.name] = expand(variable.value, {**known, **values})
    return {"HOSTNAME": facts.pod.spec.hostname or facts.pod.metadata.name, **image_env, **known, **values}


def service_variables(pod: core_pb2.Pod, services: Iterable[core_pb2.Service]) -> dict[str, str]:
    """WEB_SERVICE_HOST and the like, of the Services with a ClusterIP that the pod can see.

    Without enableServiceLinks only those of the Service `kubernetes` in `default`.
    """
    links = not pod.spec.HasField("enableServiceLinks") or pod.spec.enableServiceLinks
    values: dict[str, str] = {}
    for service in services:
        meta, address = service.metadata, service.spec.clusterIP
        is_master = (meta.namespace, meta.name) == ("default", "kubernetes")
        if address in ("", "None") or not (is_master or (links and meta.namespace == pod.metadata.namespace)):
            continue
        values |= _variables_of(service)
    return values


def _variables_of(service: core_pb2.Service) -> dict[str, str]:
    name = service.metadata.name.upper().replace("-", "_")
    host = service.spec.clusterIP
    bracketed = f"[{host}]" if ":" in host else host
    values = {f"{name}_SERVICE_HOST": host}
    for index, port in enumerate(service.spec.ports):
        protocol = port.protocol or "TCP"
        url = f"{protocol.lower()}://{bracketed}:{port.port}"
        if index == 0:
            values |= {f"{name}_SERVICE_PORT": str(port.port), f"{name}_PORT": url}
        if port.name:
            values[f"{name}_SERVICE_PORT_{port.name.upper().replace('-', '_')}"] = str(port.port)
        prefix = f"{name}_PORT_{port.port}_{protocol}"
        values |= {prefix: url, f"{prefix}_PROTO": protocol.lower()}
        values |= {f"{prefix}_PORT": str(port.port), f"{prefix}_ADDR": host}
    return values


def _from_source(source: core_pb2.EnvFromSource, find_config_map: FindConfigMap) -> dict[str, str]:
    if source.HasField("secretRef"):
        raise ConfigError(f'secret "{source.secretRef.localObjectReference.name}" not found: there are no Secrets here')
    name = source.configMapRef.localObjectReference.name
    found = find_config_map(name)
    if found is None and not source.configMapRef.optional:
        raise ConfigError(f'configmap "{name}" not found')
    return {source.prefix + key: value for key, value in (found.data.items() if found else ())}


def _referenced(
    source: core_pb2.EnvVarSource, container: core_pb2.Container, facts: PodFacts, find_config_map: FindConfigMap
) -> str | None:
    if source.HasField("fieldRef"):
        return pod_field(source.fieldRef.fieldPath, facts)
    if source.HasField("resourceFieldRef"):
        return resource_field(source.resourceFieldRef.resource, container)
    if not source.HasField("configMapKeyRef"):
        raise ConfigError("only fieldRef, resourceFieldRef and configMapKeyRef give values here")
    reference = source.configMapKeyRef
    name = reference.localObjectReference.name
    found = find_config_map(name)
    if found is not None and reference.key in found.data:
        return found.data[reference.key]
    if reference.optional:
        return None
    if found is None:
        raise ConfigError(f'configmap "{name}" not found')
    raise ConfigError(f"couldn't find key {reference.key} in ConfigMap {facts.pod.metadata.namespace}/{name}")


def pod_field(path: str, facts: PodFacts) -> str:
    """The text of a field as the downward API gives it. Raises ConfigError for one that it does not offer."""
    pod, spec = facts.pod, facts.pod.spec
    if match := _SUBSCRIPT.fullmatch(path):
        chosen = pod.metadata.labels if match[1] == "labels" else pod.metadata.annotations
        return chosen.get(match[2], "")
    fields: dict[str, Callable[[], str]] = {
        "metadata.name": lambda: pod.metadata.name,
        "metadata.namespace": lambda: pod.metadata.namespace,
        "metadata.uid": lambda: pod.metadata.uid,
        "metadata.labels": lambda: _pairs(pod.metadata.labels),
        "metadata.annotations": lambda: _pairs(pod.metadata.annotations),
        "spec.nodeName": lambda: spec.nodeName,
        "spec.serviceAccountName": lambda: spec.serviceAccountName or "default",
        "status.podIP": lambda: facts.addresses[0] if facts.addresses else "",
        "status.podIPs": lambda: ",".join(facts.addresses),
        "status.hostIP": lambda: facts.node_addresses[0] if facts.node_addresses else "",
        "status.hostIPs": lambda: ",".join(facts.node_addresses),
    }
    if path not in fields:
        raise ConfigError(f"unsupported fieldPath: {path}")
    return fields[path]()


def _pairs(values: Mapping[str, str]) -> str:
    return "\n".join(f'{key}="{value}"' for key, value in sorted(values.items()))


def resource_field(resource: str, container: core_pb2.Container) -> str:
    """The quantity of `limits.cpu` and the like, as it stands in the manifest; 0 if unset."""
    kind, _, name = resource.partition(".")
    quantities = container.resources.limits if kind == "limits" else container.resources.requests
    return quantities[name].string if name in quantities else "0"
