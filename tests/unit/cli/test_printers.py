"""The tables of `get`, row by row."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from protos.kinds import KINDS, kind_of
from svclab.cli.printers import columns
from svclab.cli.tables import TableWriter, View

NOW = 1_000_000.0
Objects = Callable[[str], list[Any]]


def table(objects: Sequence[Any], *, wide: bool = False) -> str:
    return TableWriter(columns(kind_of(objects[0]))).text(objects, View(NOW, wide))


def cells(objects: Sequence[Any], header: str) -> list[str]:
    column = next(item for item in columns(kind_of(objects[0])) if item.header == header)
    return [column.cell(item, View(NOW)) for item in objects]


def test_every_kind_has_columns() -> None:
    for kind in KINDS:
        assert columns(kind), kind.resource


SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: plain, creationTimestamp: "1970-01-12T13:45:00Z"}
spec: {type: ClusterIP, clusterIPs: [10.96.0.1], ports: [{port: 80, protocol: TCP}], selector: {b: "2", a: "1"}}
---
apiVersion: v1
kind: Service
metadata: {name: node-port, creationTimestamp: "1970-01-12T13:45:00Z"}
spec:
  type: NodePort
  clusterIPs: [10.96.0.2]
  ports: [{port: 80, nodePort: 30080, protocol: TCP}, {port: 53, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: balancer, creationTimestamp: "1970-01-12T13:45:00Z"}
spec: {type: LoadBalancer, clusterIPs: [10.96.0.3], ports: [{port: 80, nodePort: 30081, protocol: TCP}]}
---
apiVersion: v1
kind: Service
metadata: {name: balanced, creationTimestamp: "1970-01-12T13:45:00Z"}
spec: {type: LoadBalancer, clusterIPs: [10.96.0.4], ports: [{port: 80, protocol: TCP}], externalIPs: [1.2.3.4]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.100}, {hostname: lb.example.com}]}}
---
apiVersion: v1
kind: Service
metadata: {name: headless, creationTimestamp: "1970-01-12T13:45:00Z"}
spec: {type: ClusterIP, clusterIP: None, clusterIPs: [None]}
---
apiVersion: v1
kind: Service
metadata: {name: external, creationTimestamp: "1970-01-12T13:45:00Z"}
spec: {type: ExternalName, externalName: db.example.com}
"""


def test_services(objects: Objects) -> None:
    assert table(objects(SERVICES)) == (
        "NAME        TYPE           CLUSTER-IP   EXTERNAL-IP                PORT(S)               AGE\n"
        "plain       ClusterIP      10.96.0.1    <none>                     80/TCP                100s\n"
        "node-port   NodePort       10.96.0.2    <none>                     80:30080/TCP,53/UDP   100s\n"
        "balancer    LoadBalancer   10.96.0.3    <pending>                  80:30081/TCP          100s\n"
        "balanced    LoadBalancer   10.96.0.4    192.0.2.100,l...,1.2.3.4   80/TCP                100s\n"
        "headless    ClusterIP      None         <none>                     <none>                100s\n"
        "external    ExternalName   <none>       db.example.com             <none>                100s\n"
    )


def test_wide_services_show_selectors_and_whole_addresses(objects: Objects) -> None:
    rows = table(objects(SERVICES), wide=True).splitlines()
    assert rows[0].endswith("AGE    SELECTOR")
    assert rows[1].endswith("100s   a=1,b=2")
    assert "192.0.2.100,lb.example.com,1.2.3.4" in rows[4]


def pod(objects: Objects, status: str, *, spec: str = "", metadata: str = "") -> Any:
    text = f"{{apiVersion: v1, kind: Pod, metadata: {{name: p{metadata}}}, "
    return objects(f"{text}spec: {{containers: [{{name: c}}]{spec}}}, status: {{{status}}}}}")[0]


RUNNING = "{name: c, ready: true, state: {running: {}}}"


@pytest.mark.parametrize(
    ("status", "ready", "shown", "restarts"),
    [
        ("phase: Pending", "0/1", "Pending", "0"),
        (f"phase: Running, containerStatuses: [{RUNNING}]", "1/1", "Running", "0"),
        (
            "phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ErrImagePull}}}]",
            "0/1",
            "ErrImagePull",
            "0",
        ),
        (
            "phase: Running, containerStatuses: [{name: c, restartCount: 2, "
            "state: {waiting: {reason: CrashLoopBackOff}},"
            ' lastState: {terminated: {exitCode: 1, finishedAt: "1970-01-12T13:43:40Z"}}}]',
            "0/1",
            "CrashLoopBackOff",
            "2 (3m ago)",
        ),
        (
            "phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 3}}}]",
            "0/1",
            "ExitCode:3",
            "0",
        ),
        (
            "phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 137, signal: 9}}}]",
            "0/1",
            "Signal:9",
            "0",
        ),
        (
            "phase: Running, conditions: [{type: Ready, status: 'True'}], containerStatuses: "
            f"[{{name: a, state: {{terminated: {{reason: Completed}}}}}}, {RUNNING}]",
            "1/1",
            "Running",
            "0",
        ),
        (
            "phase: Pending, initContainerStatuses: [{name: i, state: {running: {}}}]",
            "0/1",
            "Init:0/1",
            "0",
        ),
        (
            "phase: Pending, initContainerStatuses: [{name: i, restartCount: 1, state: {terminated: {exitCode: 1}}}]",
            "0/1",
            "Init:ExitCode:1",
            "1",
        ),
        ("phase: Failed, reason: Evicted", "0/1", "Evicted", "0"),
    ],
)
def test_pod_states(objects: Objects, status: str, ready: str, shown: str, restarts: str) -> None:
    found = [pod(objects, status, spec=", initContainers: [{name: i}]")]
    assert (cells(found, "READY"), cells(found, "STATUS"), cells(found, "RESTARTS")) == ([ready], [shown], [restarts])


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("phase: Running", "Terminating"),
        ("phase: Running, reason: NodeLost", "Unknown"),
        ("phase: Succeeded", "Succeeded"),
    ],
)
def test_deleted_pods(objects: Objects, status: str, shown: str) -> None:
    deleted = pod(objects, status, metadata=', deletionTimestamp: "1970-01-12T13:46:40Z"')
    assert cells([deleted], "STATUS") == [shown]


def test_wide_pods(objects: Objects) -> None:
    found = pod(
        objects,
        "phase: Running, podIPs: [{ip: 10.244.1.2}], conditions: [{type: gate, status: 'True'}]",
        spec=", nodeName: node-1, readinessGates: [{conditionType: gate}, {conditionType: other}]",
    )
    assert table([found], wide=True) == (
        "NAME   READY   STATUS    RESTARTS   AGE         IP           NODE     NOMINATED NODE   READINESS GATES\n"
        "p      0/1     Running   0          <unknown>   10.244.1.2   node-1   <none>           1/2\n"
    )


def test_nodes(objects: Objects) -> None:
    text = """
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {node-role.kubernetes.io/worker: "", kubernetes.io/role: edge}}
spec: {unschedulable: true}
status:
  conditions: [{type: Ready, status: "True"}]
  addresses: [{type: InternalIP, address: 172.18.0.2}]
  nodeInfo: {kubeletVersion: v0.1.0, osImage: Debian, kernelVersion: "6.18"}
---
apiVersion: v1
kind: Node
metadata: {name: node-2}
status: {conditions: [{type: Ready, status: Unknown}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-3}
"""
    assert cells(objects(text), "STATUS") == ["Ready,SchedulingDisabled", "NotReady", "Unknown"]
    assert cells(objects(text), "ROLES") == ["edge,worker", "<none>", "<none>"]
    assert table(objects(text)[:1], wide=True).splitlines()[1].split()[-5:] == [
        "172.18.0.2",
        "<none>",
        "Debian",
        "6.18",
        "<unknown>",
    ]


def test_endpoint_slices(objects: Objects) -> None:
    text = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a}
addressType: IPv4
ports: [{port: 80}, {}]
endpoints: [{addresses: [10.0.0.1]}, {addresses: [10.0.0.2]}, {addresses: [10.0.0.3]}, {addresses: [10.0.0.4]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: b}
addressType: IPv6
"""
    assert table(objects(text)) == (
        "NAME   ADDRESSTYPE   PORTS     ENDPOINTS                                AGE\n"
        "a      IPv4          80,*      10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...   <unknown>\n"
        "b      IPv6          <unset>   <unset>                                  <unknown>\n"
    )


def test_endpoints(objects: Objects) -> None:
    text = """
apiVersion: v1
kind: Endpoints
metadata: {name: a}
subsets: [{addresses: [{ip: 10.0.0.1}, {ip: "fd00::1"}], ports: [{port: 80}, {port: 443}]}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: b}
subsets: [{addresses: [{ip: 10.0.0.1}]}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: c}
"""
    assert cells(objects(text), "ENDPOINTS") == [
        "10.0.0.1:80,[fd00::1]:80,10.0.0.1:443 + 1 more...",
        "10.0.0.1",
        "<none>",
    ]


def test_events(objects: Objects) -> None:
    text = """
apiVersion: v1
kind: Event
metadata: {name: e1}
involvedObject: {kind: Pod, name: web}
type: Normal
reason: Started
message: "Started container\\n"
firstTimestamp: "1970-01-12T13:36:40Z"
lastTimestamp: "1970-01-12T13:43:40Z"
count: 4
---
apiVersion: v1
kind: Event
metadata: {name: e2}
involvedObject: {kind: Node}
type: Warning
reason: Lost
eventTime: "1970-01-12T13:46:10.000000Z"
"""
    assert table(objects(text)) == (
        "LAST SEEN   TYPE      REASON    OBJECT    MESSAGE\n"
        "3m          Normal    Started   pod/web   Started container\n"
        "30s         Warning   Lost      node      \n"
    )
