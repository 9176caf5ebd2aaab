"""What an unset field of a Pod means, and what a new Pod is given on admission."""

from collections.abc import Iterable

from protos.defaults import fill_defaults
from protos.kubernetes import core_pb2 as core

_FILE_MODE = 0o644
_TOKEN_LIFETIME = 3600  # seconds
_OUTAGE_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def set_defaults(pod: core.Pod) -> None:
    """Fills in unset fields."""
    spec = pod.spec
    fill_defaults(spec)
    if not spec.restartPolicy:
        spec.restartPolicy = "Always"
    if not spec.HasField("terminationGracePeriodSeconds"):
        spec.terminationGracePeriodSeconds = 30
    if not spec.dnsPolicy:
        spec.dnsPolicy = "ClusterFirst"
    if not spec.schedulerName:
        spec.schedulerName = "default-scheduler"
    if not spec.HasField("enableServiceLinks"):
        spec.enableServiceLinks = True
    spec.securityContext.SetInParent()
    for container in (*spec.initContainers, *spec.containers):
        _default_container(container)
        if spec.hostNetwork:
            for port in container.ports:
                port.hostPort = port.hostPort or port.containerPort
    for volume in spec.volumes:
        _default_volume(volume.volumeSource)


def _default_container(container: core.Container) -> None:
    if not container.imagePullPolicy:
        container.imagePullPolicy = "Always" if _is_latest(container.image) else "IfNotPresent"
    container.terminationMessagePath = container.terminationMessagePath or "/dev/termination-log"
    container.terminationMessagePolicy = container.terminationMessagePolicy or "File"
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.HasField(name):
            _default_probe(getattr(container, name))
    for handler in (container.lifecycle.postStart, container.lifecycle.preStop):
        if handler.HasField("httpGet"):
            _default_http(handler.httpGet)
    resources = container.resources
    for name, limit in resources.limits.items():
        if name not in resources.requests:
            resources.requests[name].CopyFrom(limit)
    for variable in container.env:
        if variable.valueFrom.HasField("fieldRef"):
            variable.valueFrom.fieldRef.apiVersion = variable.valueFrom.fieldRef.apiVersion or "v1"


def _is_latest(image: str) -> bool:
    name = image.rpartition("/")[2]
    return "@" not in name and name.partition(":")[2] in ("", "latest")


def _default_probe(probe: core.Probe) -> None:
    probe.timeoutSeconds = probe.timeoutSeconds or 1
    probe.periodSeconds = probe.periodSeconds or 10
    probe.successThreshold = probe.successThreshold or 1
    probe.failureThreshold = probe.failureThreshold or 3
    if probe.handler.HasField("httpGet"):
        _default_http(probe.handler.httpGet)
    if probe.handler.HasField("grpc") and not probe.handler.grpc.HasField("service"):
        probe.handler.grpc.service = ""


def _default_http(action: core.HTTPGetAction) -> None:
    action.path = action.path or "/"
    action.scheme = action.scheme or "HTTP"


def _default_volume(source: core.VolumeSource) -> None:
    if not source.ListFields():
        source.emptyDir.SetInParent()
    for name in ("secret", "configMap", "downwardAPI", "projected"):
        if source.HasField(name) and not getattr(source, name).HasField("defaultMode"):
            getattr(source, name).defaultMode = _FILE_MODE
    for projection in source.projected.sources if source.HasField("projected") else ():
        token = projection.serviceAccountToken
        if projection.HasField("serviceAccountToken") and not token.HasField("expirationSeconds"):
            token.expirationSeconds = _TOKEN_LIFETIME
    if source.HasField("hostPath") and not source.hostPath.HasField("type"):
        source.hostPath.type = ""


def admit(pod: core.Pod, outage_tolerance: int) -> None:
    """What Kubernetes' admission plugins give every new Pod: a priority, and seconds to bear an outage."""
    spec = pod.spec
    if not spec.HasField("priority"):
        spec.priority = 0
    if not spec.HasField("preemptionPolicy"):
        spec.preemptionPolicy = "PreemptLowerPriority"
    for taint in _OUTAGE_TAINTS:
        if not any(_tolerates(toleration, taint) for toleration in spec.tolerations):
            spec.tolerations.add(key=taint, operator="Exists", effect="NoExecute", tolerationSeconds=outage_tolerance)


def _tolerates(toleration: core.Toleration, taint: str) -> bool:
    return toleration.key in ("", taint) and toleration.effect in ("", "NoExecute")


def qos_class(pod: core.Pod) -> str:
    """Guaranteed: all cpu and memory limits equal the requests; BestEffort: none is set; else Burstable."""
    containers = (*pod.spec.initContainers, *pod.spec.containers)
    if not any(_computed(c.resources.requests) or _computed(c.resources.limits) for c in containers):
        return "BestEffort"
    guaranteed = all(
        _computed(c.resources.limits) == {"cpu", "memory"}
        and all(c.resources.requests[name] == c.resources.limits[name] for name in ("cpu", "memory"))
        for c in containers
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _computed(amounts: Iterable[str]) -> set[str]:
    return {name for name in amounts if name in ("cpu", "memory")}
