"""What a pod's manifest asks for is what runs: one batch of pods, each of which shows another field."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.harness import Cluster, eventually

NAMESPACE = "podtests"
MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: podtests}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: podtests}
data: {COLOUR: blue, index.html: "<b>hello</b>"}
---
apiVersion: v1
kind: Pod
metadata: {name: crash, namespace: podtests}
spec:
  containers: [{name: main, image: busybox, command: [sh, -c, "echo boom; echo why > /dev/termination-log; exit 3"]}]
---
apiVersion: v1
kind: Pod
metadata: {name: unknown, namespace: podtests}
spec: {containers: [{name: main, image: "quay.io/some/postgres:12"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: unset, namespace: podtests}
spec:
  containers:
  - {name: main, image: busybox, command: [sleep, "60"], envFrom: [{configMapRef: {name: later}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: once, namespace: podtests, labels: {app: once}}
spec:
  restartPolicy: Never
  initContainers:
  - name: first
    image: busybox
    command: [sh, -c, "echo made > /work/file"]
    volumeMounts: [{name: work, mountPath: /work}]
  containers:
  - name: main
    image: busybox
    command: [sh, -c, 'cat /work/file; echo "$(GREETING) $COLOUR $(POD)"; cat /settings/index.html']
    envFrom: [{configMapRef: {name: settings}}]
    env:
    - {name: GREETING, value: hello}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    volumeMounts: [{name: work, mountPath: /work}, {name: settings, mountPath: /settings}]
  volumes: [{name: work, emptyDir: {}}, {name: settings, configMap: {name: settings}}]
---
apiVersion: v1
kind: Pod
metadata: {name: probed, namespace: podtests}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: registry.k8s.io/e2e-test-images/agnhost:2.40
    args: [netexec, --http-port=8083]
    ports: [{name: http, containerPort: 8083}]
    startupProbe: {tcpSocket: {port: http}, periodSeconds: 1}
    readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1, timeoutSeconds: 5}
    livenessProbe: {exec: {command: [cat, /tmp/alive]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 5}
    lifecycle: {postStart: {exec: {command: [touch, /tmp/alive]}}}
---
apiVersion: v1
kind: Pod
metadata: {name: pair, namespace: podtests}
spec:
  terminationGracePeriodSeconds: 1
  hostAliases: [{ip: 127.0.0.1, hostnames: [neighbour]}]
  volumes: [{name: page, configMap: {name: settings}}]
  initContainers:
  - {name: sidecar, image: busybox, restartPolicy: Always, command: [sleep, "600"]}
  containers:
  - {name: web, image: nginx, volumeMounts: [{name: page, mountPath: /usr/share/nginx/html}]}
  - {name: side, image: busybox, command: [sh, -c, "until curl -sf http://neighbour/; do :; done; echo; sleep 600"]}
"""


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[Cluster]:
    cluster.apply(MANIFEST)
    yield cluster
    cluster.run("delete", "namespace", NAMESPACE, check=False)


def pod(cluster: Cluster, name: str) -> Any:
    return cluster.json("pod", name, "-n", NAMESPACE)


def first_container(cluster: Cluster, name: str) -> Any:
    return pod(cluster, name)["status"].get("containerStatuses", [{}])[0]


def wait_for(cluster: Cluster, name: str, condition: str) -> None:
    cluster.svclab("wait", f"--for={condition}", f"pod/{name}", "-n", NAMESPACE, "--timeout=20s")


def events(cluster: Cluster, name: str) -> dict[str, str]:
    """The last message of each reason."""
    items = cluster.json("events", "-n", NAMESPACE)["items"]
    return {item["reason"]: item["message"] for item in items if item["involvedObject"]["name"] == name}


def test_a_pod_that_runs_to_its_end(pods: Cluster) -> None:
    wait_for(pods, "once", "jsonpath={.status.phase}=Succeeded")
    assert pods.svclab("logs", "once", "-n", NAMESPACE) == "made\nhello blue once\n<b>hello</b>"
    ended = first_container(pods, "once")["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (0, "Completed")


def test_a_crash_loop_backs_off(pods: Cluster) -> None:
    def waiting() -> bool:
        return bool(
            first_container(pods, "crash").get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff"
        )

    eventually(waiting)
    status = first_container(pods, "crash")
    last = status["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], last["message"]) == (3, "Error", "why\n")
    assert status["restartCount"] >= 1
    assert pods.svclab("logs", "crash", "-n", NAMESPACE, "--previous") == "boom\n"
    assert "Back-off restarting failed container" in events(pods, "crash")["BackOff"]


def test_an_unknown_image_is_told_what_there_is(pods: Cluster) -> None:
    eventually(lambda: first_container(pods, "unknown").get("state", {}).get("waiting"))
    refused = pods.run("logs", "unknown", "-n", NAMESPACE, check=False)
    assert refused.returncode == 1
    assert 'in pod "unknown" is waiting to start: ' in refused.stderr
    assert refused.stderr.rstrip().endswith(("image can't be pulled", "trying and failing to pull image"))
    waiting = first_container(pods, "unknown")["state"]["waiting"]
    assert waiting["reason"] in ("ErrImagePull", "ImagePullBackOff")
    assert "agnhost" in waiting["message"] and "nginx" in waiting["message"]
    eventually(lambda: "postgres" in events(pods, "unknown").get("Failed", ""))


def test_a_pod_waits_for_its_config_map(pods: Cluster) -> None:
    def waiting() -> bool:
        state = first_container(pods, "unset").get("state", {})
        return bool(state.get("waiting", {}).get("message") == 'configmap "later" not found')

    eventually(waiting)
    pods.svclab(
        "create",
        "-f",
        "-",
        stdin=f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: later, namespace: {NAMESPACE}}}}}",
    )
    wait_for(pods, "unset", "condition=Ready")


def test_containers_share_network_and_sidecars_run_first(pods: Cluster) -> None:
    wait_for(pods, "pair", "condition=Ready")
    eventually(lambda: pods.svclab("logs", "pair", "-c", "side", "-n", NAMESPACE) == "<b>hello</b>\n")
    sidecar = pod(pods, "pair")["status"]["initContainerStatuses"][0]
    assert sidecar["ready"] and sidecar["started"]


def test_a_failed_liveness_probe_restarts(pods: Cluster) -> None:
    wait_for(pods, "probed", "condition=Ready")
    before = first_container(pods, "probed")["restartCount"]
    pods.svclab("exec", "probed", "-n", NAMESPACE, "--", "rm", "/tmp/alive")
    # One failure is enough, so a busy machine may have restarted it before: then the back-off holds for ten seconds.
    eventually(lambda: first_container(pods, "probed")["restartCount"] > before, within=30)
    wait_for(pods, "probed", "condition=Ready")
    assert "failed liveness probe" in events(pods, "probed")["Killing"]


def test_an_agent_that_dies_leaves_its_pods_as_they_are(pods: Cluster) -> None:
    wait_for(pods, "pair", "condition=Ready")
    before = pod(pods, "pair")
    node = before["spec"]["nodeName"]
    os.kill(pods.pid(f"{node}-agent"), signal.SIGKILL)
    assert pods.svclab("exec", "pair", "-c", "web", "-n", NAMESPACE, "--", "hostname") == "pair\n"
    after = pod(pods, "pair")
    assert after["status"] == before["status"]


def test_a_deleted_pod_gets_its_time(pods: Cluster) -> None:
    script = "trap 'sleep 0.3; echo done > /dev/termination-log; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    pods.apply(
        f"""
apiVersion: v1
kind: Pod
metadata: {{name: slow, namespace: {NAMESPACE}}}
spec: {{containers: [{{name: main, image: busybox, command: [sh, -c, "{script}"]}}]}}
"""
    )
    wait_for(pods, "slow", "condition=Ready")
    follow = pods.begin("logs", "-f", "slow", "-n", NAMESPACE)
    assert follow.stdout and follow.stdout.readline() == "ready\n"
    pods.svclab("delete", "pod", "slow", "-n", NAMESPACE)
    follow.communicate(timeout=10)
    assert "slow" not in pods.svclab("get", "pods", "-n", NAMESPACE)
