"""Pods: defaults, admission, rules, what may change, and graceful deletion."""
# ruff: noqa: E501  (messages stand in one piece, so that they can be searched for)

from typing import Any

import pytest
import yaml

from apiserver.registry.errors import Invalid, NotFound
from protos.jsonform import to_json
from protos.kinds import PODS
from tests.unit.registry.harness import NOW, Cluster

POD = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}


def pod(cluster: Cluster, spec: str) -> Any:
    return cluster.create(PODS, {"metadata": {"name": "web"}, "spec": yaml.safe_load(spec)})


def bound(cluster: Cluster, extra: str = "") -> Any:
    """A Pod that a node has."""
    return pod(cluster, f"{{nodeName: node-1, containers: [{{name: c, image: i}}]{extra}}}")


def test_defaults_and_admission(cluster: Cluster) -> None:
    written = to_json(cluster.create(PODS, POD))
    outage = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    assert written["spec"] == {
        "containers": [
            {
                "name": "c",
                "image": "nginx:1",
                "imagePullPolicy": "IfNotPresent",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "tolerations": [{"key": f"node.kubernetes.io/{key}", **outage} for key in ("not-ready", "unreachable")],
    }
    assert written["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert written["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("host:5000/nginx", "Always"),
        ("nginx:1", "IfNotPresent"),
        ("nginx@sha256:ab", "IfNotPresent"),
    ],
)
def test_pull_policy_follows_the_tag(cluster: Cluster, image: str, policy: str) -> None:
    created = pod(cluster, f"containers: [{{name: c, image: '{image}'}}]")
    assert created.spec.containers[0].imagePullPolicy == policy


def test_probe_defaults(cluster: Cluster) -> None:
    created = pod(
        cluster,
        "containers: [{name: c, image: i, ports: [{containerPort: 80}], readinessProbe: {httpGet: {port: 80}}}]",
    )
    container = to_json(created)["spec"]["containers"][0]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_requests_follow_limits_and_make_the_quality_of_service(cluster: Cluster) -> None:
    limits = "resources: {limits: {cpu: 1000m, memory: 1Gi}}"
    created = pod(cluster, f"containers: [{{name: c, image: i, {limits}}}]")
    assert created.spec.containers[0].resources.requests["cpu"].string == "1"
    assert created.status.qosClass == "Guaranteed"
    cluster.delete(PODS, "web")
    assert (
        pod(cluster, f"containers: [{{name: c, image: i, {limits}}}, {{name: d, image: i}}]").status.qosClass
        == "Burstable"
    )


def test_pod_with_tolerations_of_its_own_keeps_them(cluster: Cluster) -> None:
    created = pod(cluster, "{tolerations: [{operator: Exists}], containers: [{name: c, image: i}]}")
    assert len(created.spec.tolerations) == 1


LABEL = "a lowercase RFC 1123 label must consist of"
RANGE = "must be between 1 and 65535, inclusive"
CASES: dict[str, tuple[str, list[str]]] = {
    "no containers": ("{}", ["spec.containers: Required value"]),
    "names and images": (
        "containers: [{}, {name: A, image: ' x'}, {name: b, image: i}, {name: b, image: i}]",
        [
            "spec.containers[0].name: Required value",
            "spec.containers[0].image: Required value",
            f'spec.containers[1].name: Invalid value: "A": {LABEL}',
            'spec.containers[1].image: Invalid value: " x": must not have leading or trailing whitespace',
            'spec.containers[3].name: Duplicate value: "b"',
        ],
    ),
    "an init container's name": (
        "{containers: [{name: a, image: i}], initContainers: [{name: a, image: i}]}",
        ['spec.initContainers[0].name: Duplicate value: "a"'],
    ),
    "container ports": (
        "containers: [{name: a, image: i, ports: [{}, {containerPort: 70000, hostPort: -1}, {containerPort: 1, name: A}, {containerPort: 1, name: a, protocol: X}, {containerPort: 2, name: a}]}]",
        [
            "spec.containers[0].ports[0].containerPort: Required value",
            f"spec.containers[0].ports[1].containerPort: Invalid value: 70000: {RANGE}",
            f"spec.containers[0].ports[1].hostPort: Invalid value: -1: {RANGE}",
            'spec.containers[0].ports[2].name: Invalid value: "A": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
            'spec.containers[0].ports[2].name: Invalid value: "A": must contain at least one letter (a-z)',
            'spec.containers[0].ports[3].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
            'spec.containers[0].ports[4].name: Duplicate value: "a"',
        ],
    ),
    "variables": (
        "containers: [{name: a, image: i, env: [{}, {name: 'a=b'}, {name: a, valueFrom: {}}, {name: b, value: x, valueFrom: {fieldRef: {fieldPath: a}}}]}]",
        [
            "spec.containers[0].env[0].name: Required value",
            'spec.containers[0].env[1].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII',
            'spec.containers[0].env[2].valueFrom: Invalid value: "": must specify one of',
            'spec.containers[0].env[3].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
        ],
    ),
    "policies": (
        "{restartPolicy: X, dnsPolicy: Y, containers: [{name: a, image: i, imagePullPolicy: Z}]}",
        [
            'spec.containers[0].imagePullPolicy: Unsupported value: "Z": supported values: "Always", "IfNotPresent", "Never"',
            'spec.restartPolicy: Unsupported value: "X": supported values: "Always", "Never", "OnFailure"',
            'spec.dnsPolicy: Unsupported value: "Y": supported values: "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"',
        ],
    ),
    "probes": (
        "containers: [{name: a, image: i, livenessProbe: {exec: {command: [a]}, successThreshold: 2}, readinessProbe: {}, startupProbe: {exec: {}, tcpSocket: {port: 1}, periodSeconds: -1}}]",
        [
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            "spec.containers[0].readinessProbe: Required value: must specify a handler type",
            "spec.containers[0].startupProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
            "spec.containers[0].startupProbe.exec.command: Required value",
            "spec.containers[0].startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
        ],
    ),
    "actions": (
        "containers: [{name: a, image: i, readinessProbe: {httpGet: {port: 0, scheme: ftp}}, livenessProbe: {grpc: {port: 0}}, lifecycle: {preStop: {sleep: {seconds: -1}}}}]",
        [
            f"spec.containers[0].livenessProbe.grpc.port: Invalid value: 0: {RANGE}",
            f"spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: {RANGE}",
            'spec.containers[0].readinessProbe.httpGet.scheme: Unsupported value: "ftp": supported values: "HTTP", "HTTPS"',
            "spec.containers[0].lifecycle.preStop.sleep.seconds: Invalid value: -1: must be greater than or equal to 0",
        ],
    ),
    "volumes": (
        "{volumes: [{name: v, emptyDir: {}, configMap: {name: c}}, {name: v}], containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /a}, {name: w, mountPath: /a}, {name: v, subPath: ../b}]}]}",
        [
            "spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type",
            'spec.volumes[1].name: Duplicate value: "v"',
            'spec.containers[0].volumeMounts[1].name: Not found: "w"',
            'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
            "spec.containers[0].volumeMounts[2].mountPath: Required value",
            "spec.containers[0].volumeMounts[2].subPath: Invalid value: \"../b\": must not contain '..'",
        ],
    ),
    "resources": (
        "containers: [{name: a, image: i, resources: {limits: {cpu: 1}, requests: {cpu: 2}}}, {name: b, image: i, resources: {limits: {cpu: -1}}}]",
        [
            'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
            'spec.containers[1].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
            'spec.containers[1].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ],
    ),
    "periods": (
        "{terminationGracePeriodSeconds: -1, activeDeadlineSeconds: 0, containers: [{name: a, image: i}]}",
        [
            "spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
        ],
    ),
    "names": (
        "{hostname: A, subdomain: a.b, nodeName: A, nodeSelector: {a b: c}, containers: [{name: a, image: i}]}",
        [
            f'spec.hostname: Invalid value: "A": {LABEL}',
            f'spec.subdomain: Invalid value: "a.b": {LABEL}',
            'spec.nodeName: Invalid value: "A": a lowercase RFC 1123 subdomain',
            'spec.nodeSelector: Invalid value: "a b": name part must consist of',
        ],
    ),
    "resolver": (
        "{dnsPolicy: None, containers: [{name: a, image: i}]}",
        ['spec.dnsConfig: Required value: must provide at least one DNS nameserver when `dnsPolicy` is "None"'],
    ),
    "nameservers": (
        "{dnsConfig: {nameservers: [a, 1.1.1.1, 1.1.1.2, 1.1.1.3]}, containers: [{name: a, image: i}]}",
        [
            'spec.dnsConfig.nameservers: Invalid value: ["a","1.1.1.1","1.1.1.2","1.1.1.3"]: must not have more than 3 nameservers',
            'spec.dnsConfig.nameservers[0]: Invalid value: "a": must be a valid IP address',
        ],
    ),
    "tolerations": (
        "{tolerations: [{key: a, operator: Exists, value: b}, {operator: Equal}, {key: a, operator: X}, {key: a, tolerationSeconds: 1}, {key: a, effect: X}], containers: [{name: a, image: i}]}",
        [
            "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'",
            'spec.tolerations[1].operator: Invalid value: "Equal": operator must be Exists when `key` is empty',
            'spec.tolerations[2].operator: Unsupported value: "X": supported values: "Equal", "Exists"',
            "spec.tolerations[3].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
            'spec.tolerations[4].effect: Unsupported value: "X": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
        ],
    ),
    "hosts": (
        "{hostNetwork: true, hostAliases: [{ip: a, hostnames: [A]}], containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 2}]}]}",
        [
            'spec.hostAliases[0].ip: Invalid value: "a": must be a valid IP address',
            'spec.hostAliases[0].hostnames: Invalid value: "A": a lowercase RFC 1123 subdomain',
            "spec.containers[0].ports[0].containerPort: Invalid value: 1: must match `hostPort` when `hostNetwork` is true",
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(cluster: Cluster, name: str) -> None:
    spec, errors = CASES[name]
    with pytest.raises(Invalid) as caught:
        pod(cluster, spec)
    found = [f"{cause.field}: {cause.message}" for cause in caught.value.status.details.causes]
    assert len(found) == len(errors), found
    for text, error in zip(found, errors, strict=True):
        assert text.startswith(error)


def test_binding_is_an_update_of_node_name_once(cluster: Cluster) -> None:
    cluster.create(PODS, POD)
    bound_pod = cluster.patch(PODS, "web", {"spec": {"nodeName": "node-1"}})
    (condition,) = bound_pod.status.conditions
    assert (condition.type, condition.status, condition.lastTransitionTime.seconds) == ("PodScheduled", "True", NOW)
    assert bound_pod.metadata.generation == 2
    with pytest.raises(Invalid, match="spec: Forbidden: pod updates may not change fields other than"):
        cluster.patch(PODS, "web", {"spec": {"nodeName": "node-2"}})


def test_what_may_change(cluster: Cluster) -> None:
    cluster.create(PODS, POD)
    patch = {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"activeDeadlineSeconds": 10, "containers": [{"name": "c", "image": "nginx:2"}]},
    }
    changed = cluster.patch(PODS, "web", patch)
    assert changed.spec.containers[0].image == "nginx:2"
    changed.spec.tolerations.add(key="x", operator="Exists")
    assert cluster.update(PODS, changed).metadata.generation == 3


@pytest.mark.parametrize(
    ("patch", "error"),
    [
        (
            {"containers": [{"name": "d", "image": "i"}]},
            "spec.containers: Forbidden: pod updates may not add or remove containers",
        ),
        ({"restartPolicy": "Never"}, "spec: Forbidden: pod updates may not change"),
        ({"containers": [{"name": "c", "args": ["x"]}]}, "spec: Forbidden: pod updates may not change"),
        ({"tolerations": []}, "spec.tolerations: Forbidden: existing toleration can not be modified"),
    ],
)
def test_what_may_not_change(cluster: Cluster, patch: dict[str, Any], error: str) -> None:
    cluster.create(PODS, POD)
    with pytest.raises(Invalid) as caught:
        cluster.patch(PODS, "web", {"spec": patch})
    assert error in str(caught.value)


def test_deadline_only_shortens(cluster: Cluster) -> None:
    pod(cluster, "{activeDeadlineSeconds: 10, containers: [{name: c, image: i}]}")
    with pytest.raises(Invalid, match="must be less than or equal to previous value"):
        cluster.patch(PODS, "web", {"spec": {"activeDeadlineSeconds": 11}})
    with pytest.raises(Invalid, match="must not update from a positive integer to nil value"):
        cluster.patch(PODS, "web", {"spec": {"activeDeadlineSeconds": None}})


def test_status_is_written_by_its_own_verb(cluster: Cluster) -> None:
    cluster.create(PODS, POD)
    status = {"status": {"phase": "Running", "podIP": "10.244.0.2"}}
    assert cluster.patch(PODS, "web", status).status.phase == "Pending"
    assert cluster.patch(PODS, "web", status, subresource="status").status.phase == "Running"
    assert cluster.patch(PODS, "web", {"spec": {"hostNetwork": True}}, subresource="status").spec.hostNetwork is False


def test_addresses_of_the_status(cluster: Cluster) -> None:
    cluster.create(PODS, POD)
    status = cluster.patch(
        PODS, "web", {"status": {"podIP": "10.244.0.2", "hostIPs": [{"ip": "10.0.0.1"}]}}, subresource="status"
    ).status
    assert ([entry.ip for entry in status.podIPs], status.hostIP) == (["10.244.0.2"], "10.0.0.1")
    for addresses, error in (
        ([{"ip": "x"}], 'status.podIPs[0].ip: Invalid value: "x": must be a valid IP address'),
        ([{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "may specify no more than one IP for each IP family"),
        ([{"ip": "10.0.0.9"}], 'status.podIPs[0].ip: Invalid value: "10.0.0.9": must be equal to `podIP`'),
    ):
        with pytest.raises(Invalid) as caught:
            cluster.patch(
                PODS, "web", {"status": {"podIPs": [{"$patch": "replace"}, *addresses]}}, subresource="status"
            )
        assert error in str(caught.value)


def test_unscheduled_pod_vanishes_at_once(cluster: Cluster) -> None:
    cluster.create(PODS, POD)
    assert cluster.delete(PODS, "web").removed


def test_bound_pod_ends_gracefully(cluster: Cluster) -> None:
    bound(cluster)
    assert not cluster.delete(PODS, "web").removed
    ending = cluster.get(PODS, "web")
    assert (ending.metadata.deletionTimestamp.seconds, ending.metadata.deletionGracePeriodSeconds) == (NOW + 30, 30)
    assert ending.metadata.generation == 2
    cluster.now += 5
    cluster.delete(PODS, "web")
    cluster.delete(PODS, "web", gracePeriodSeconds=60)
    assert cluster.get(PODS, "web") == ending
    cluster.delete(PODS, "web", gracePeriodSeconds=10)
    meta = cluster.get(PODS, "web").metadata
    assert (meta.deletionTimestamp.seconds, meta.deletionGracePeriodSeconds) == (NOW + 10, 10)
    cluster.patch(PODS, "web", {"metadata": {"labels": {"a": "b"}}})
    assert cluster.delete(PODS, "web", gracePeriodSeconds=0).removed
    with pytest.raises(NotFound):
        cluster.get(PODS, "web")


def test_grace_of_the_pod_itself(cluster: Cluster) -> None:
    bound(cluster, ", terminationGracePeriodSeconds: 3")
    cluster.delete(PODS, "web")
    assert cluster.get(PODS, "web").metadata.deletionGracePeriodSeconds == 3


def test_terminal_pod_goes_at_once(cluster: Cluster) -> None:
    bound(cluster)
    cluster.patch(PODS, "web", {"status": {"phase": "Succeeded"}}, subresource="status")
    assert cluster.delete(PODS, "web").removed


def test_pod_with_a_finalizer_outlives_its_containers(cluster: Cluster) -> None:
    bound(cluster)
    cluster.patch(PODS, "web", {"metadata": {"finalizers": ["a.b/c"]}})
    assert not cluster.delete(PODS, "web", gracePeriodSeconds=0).removed
    cluster.patch(PODS, "web", {"metadata": {"finalizers": None}})
    with pytest.raises(NotFound):
        cluster.get(PODS, "web")
