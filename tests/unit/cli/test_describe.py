"""Descriptions, whole: their layout is what people read and scripts grep."""

from collections.abc import Callable
from typing import Any

import pytest

from svclab.cli.describe import describe
from svclab.cli.describe.related import Related
from svclab.cli.fake_client import FakeClient
from svclab.cli.tables import View

VIEW = View(1_000_000.0)
Objects = Callable[[str], list[Any]]

SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
  uid: u1
  labels: {app: web, tier: front}
  annotations:
    note: some text
    long: "first line\\nsecond line"
    kubectl.kubernetes.io/last-applied-configuration: "{}"
spec:
  type: LoadBalancer
  selector: {app: web}
  ipFamilyPolicy: SingleStack
  ipFamilies: [IPv4]
  clusterIP: 10.96.0.7
  clusterIPs: [10.96.0.7]
  externalIPs: [1.2.3.4]
  loadBalancerIP: 192.0.2.9
  ports:
  - {name: http, port: 80, protocol: TCP, targetPort: 8080, nodePort: 30080, appProtocol: http}
  - {name: dns, port: 53, protocol: UDP, targetPort: domain}
  sessionAffinity: ClientIP
  externalTrafficPolicy: Local
  internalTrafficPolicy: Cluster
  healthCheckNodePort: 31000
  loadBalancerSourceRanges: [10.0.0.0/8, 192.168.0.0/16]
  trafficDistribution: PreferClose
status: {loadBalancer: {ingress: [{ip: 192.0.2.9, ipMode: VIP}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: default, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints:
- {addresses: [10.244.0.2]}
- {addresses: [10.244.0.3], conditions: {ready: false}}
- {addresses: [10.244.0.4], conditions: {ready: true}}
---
apiVersion: v1
kind: Event
metadata: {name: e, namespace: default}
involvedObject: {kind: Service, name: web, namespace: default, uid: u1}
type: Normal
reason: EnsuredLoadBalancer
message: Ensured load balancer
source: {component: service-controller}
firstTimestamp: "1970-01-12T13:36:40Z"
lastTimestamp: "1970-01-12T13:43:40Z"
count: 4
"""

EXPECTED_SERVICE = """\
Name:                        web
Namespace:                   default
Labels:                      app=web
                             tier=front
Annotations:                 long:
                               first line
                               second line
                             note: some text
Selector:                    app=web
Type:                        LoadBalancer
IP Family Policy:            SingleStack
IP Families:                 IPv4
IP:                          10.96.0.7
IPs:                         10.96.0.7
External IPs:                1.2.3.4
Desired LoadBalancer IP:     192.0.2.9
LoadBalancer Ingress:        192.0.2.9 (VIP)
Port:                        http  80/TCP
TargetPort:                  8080/TCP
AppProtocol:                 http
NodePort:                    http  30080/TCP
Endpoints:                   10.244.0.2:8080,10.244.0.4:8080
Port:                        dns  53/UDP
TargetPort:                  domain/UDP
Endpoints:                   <none>
Session Affinity:            ClientIP
External Traffic Policy:     Local
Internal Traffic Policy:     Cluster
HealthCheck NodePort:        31000
LoadBalancer Source Ranges:  10.0.0.0/8,192.168.0.0/16
Traffic Distribution:        PreferClose
Events:
  Type    Reason               Age               From                Message
  ----    ------               ----              ----                -------
  Normal  EnsuredLoadBalancer  3m (x4 over 10m)  service-controller  Ensured load balancer
"""


def description(objects: list[Any], *, with_events: bool = True) -> str:
    """What is printed, without the blanks at the ends of lines."""
    text = describe(objects[0], Related(FakeClient(*objects)), VIEW, with_events=with_events)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def test_service(objects: Objects) -> None:
    assert description(objects(SERVICE)) == EXPECTED_SERVICE


def test_events_can_be_left_out(objects: Objects) -> None:
    assert "Events" not in description(objects(SERVICE), with_events=False)


NODE = """
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {a: b}, creationTimestamp: "2026-01-02T03:04:05Z"}
spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24], taints: [{key: k, value: v, effect: NoSchedule}]}
status:
  addresses: [{type: InternalIP, address: 172.18.0.2}, {type: Hostname, address: node-1}]
  capacity: {cpu: "2", pods: "110"}
  conditions:
  - type: Ready
    status: "True"
    reason: KubeletReady
    message: node is ready
    lastHeartbeatTime: "2026-01-02T03:04:05Z"
    lastTransitionTime: "2026-01-02T03:04:05Z"
  nodeInfo: {osImage: Debian}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: node-1, namespace: kube-node-lease}
spec: {holderIdentity: node-1, renewTime: "2026-01-02T03:04:05.000000Z"}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default}
spec: {nodeName: node-1}
"""

EXPECTED_NODE = """\
Name:               node-1
Roles:              <none>
Labels:             a=b
Annotations:        <none>
CreationTimestamp:  Fri, 02 Jan 2026 03:04:05 +0000
Taints:             k=v:NoSchedule
Unschedulable:      false
Lease:
  HolderIdentity:  node-1
  AcquireTime:     <unset>
  RenewTime:       Fri, 02 Jan 2026 03:04:05 +0000
Conditions:
  Type    Status  LastHeartbeatTime                 LastTransitionTime                Reason         Message
  ----    ------  -----------------                 ------------------                ------         -------
  Ready   True    Fri, 02 Jan 2026 03:04:05 +0000   Fri, 02 Jan 2026 03:04:05 +0000   KubeletReady   node is ready
Addresses:
  InternalIP:  172.18.0.2
  Hostname:    node-1
Capacity:
  cpu:   2
  pods:  110
System Info:
  Machine ID:
  System UUID:
  Boot ID:
  Kernel Version:
  OS Image:                   Debian
  Operating System:
  Architecture:
  Container Runtime Version:
  Kubelet Version:
  Kube-Proxy Version:
PodCIDR:                      10.244.0.0/24
PodCIDRs:                     10.244.0.0/24
Non-terminated Pods:          (1 in total)
  Namespace                   Name
  ---------                   ----
  default                     web
Events:                       <none>
"""


def test_node(objects: Objects) -> None:
    assert description(objects(NODE)) == EXPECTED_NODE


SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: default}
addressType: IPv4
ports: [{name: http, port: 8080, protocol: TCP}]
endpoints:
- addresses: [10.244.0.2]
  conditions: {ready: true, serving: true}
  targetRef: {kind: Pod, name: web}
  nodeName: node-1
"""


def test_endpoint_slice(objects: Objects) -> None:
    assert description(objects(SLICE)) == (
        "Name:         web-1\nNamespace:    default\nLabels:       <none>\nAnnotations:  <none>\nAddressType:  IPv4\n"
        "Ports:\n  Name  Port  Protocol\n  ----  ----  --------\n  http  8080  TCP\n"
        "Endpoints:\n  - Addresses:  10.244.0.2\n    Conditions:\n      Ready:    true\n      Serving:  true\n"
        "    Hostname:   <unset>\n    TargetRef:  Pod/web\n    NodeName:   node-1\n    Zone:       <unset>\n"
        "Events:         <none>\n"
    )


@pytest.mark.parametrize(
    ("hints", "text"),
    [
        ("{forZones: [{name: a}, {name: b}]}", "zones a,b"),
        ("{forZones: [{name: a}], forNodes: [{name: node-1}]}", "zones a, nodes node-1"),
    ],
)
def test_hints_of_a_slice(objects: Objects, hints: str, text: str) -> None:
    shown = description(objects(f"{SLICE}  hints: {hints}\n"))
    assert text in [line.partition("Hints:")[2].strip() for line in shown.splitlines()]


POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: default, labels: {app: web}}
spec:
  nodeName: node-1
  containers:
  - name: echo
    image: echo
    args: [serve]
    ports: [{containerPort: 8080, protocol: TCP, name: http}]
    env: [{name: A, value: b}, {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    readinessProbe:
      httpGet: {path: /healthz, port: 8080}
      timeoutSeconds: 1
      periodSeconds: 10
      successThreshold: 1
      failureThreshold: 3
    volumeMounts: [{name: config, mountPath: /config, readOnly: true}]
  volumes:
  - {name: config, configMap: {name: settings, defaultMode: 420, items: [{key: a, path: b}]}}
  - {name: scratch, emptyDir: {}}
  - {name: machine, hostPath: {path: /srv}}
  tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300}]
status:
  phase: Running
  podIP: 10.244.0.2
  podIPs: [{ip: 10.244.0.2}]
  hostIP: 172.18.0.2
  startTime: "2026-01-02T03:04:05Z"
  conditions: [{type: Ready, status: "True"}]
  containerStatuses:
  - name: echo
    ready: true
    restartCount: 1
    containerID: x://1
    state: {running: {startedAt: "2026-01-02T03:04:05Z"}}
    lastState: {terminated: {exitCode: 1, reason: Error}}
"""

EXPECTED_POD = """\
Name:             web
Namespace:        default
Service Account:  default
Node:             node-1/172.18.0.2
Start Time:       Fri, 02 Jan 2026 03:04:05 +0000
Labels:           app=web
Annotations:      <none>
Status:           Running
IP:               10.244.0.2
IPs:
  IP:  10.244.0.2
Containers:
  echo:
    Container ID:  x://1
    Image:         echo
    Image ID:
    Port:          8080/TCP (http)
    Host Port:     0/TCP
    Args:
      serve
    State:          Running
      Started:      Fri, 02 Jan 2026 03:04:05 +0000
    Last State:     Terminated
      Reason:       Error
      Exit Code:    1
      Started:      <unset>
      Finished:     <unset>
    Ready:          True
    Restart Count:  1
    Readiness:      http-get http://:8080/healthz delay=0s timeout=1s period=10s #success=1 #failure=3
    Environment:
      A:    b
      POD:  web (v1:metadata.name)
    Mounts:
      /config from config (ro)
Conditions:
  Type    Status
  Ready   True
Volumes:
  config:
    Type:      ConfigMap (a volume populated by a ConfigMap)
    Name:      settings
    Optional:  false
  scratch:
    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:
    SizeLimit:  <unset>
  machine:
    Type:        HostPath
    Path:        /srv
QoS Class:       BestEffort
Node-Selectors:  <none>
Tolerations:     node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
Events:          <none>
"""


def test_pod(objects: Objects) -> None:
    assert description(objects(POD)) == EXPECTED_POD


def test_kinds_without_a_layout_are_shown_field_by_field(objects: Objects) -> None:
    lines = description([objects(NODE)[1]]).splitlines()
    assert lines[4:6] == ["API Version:  coordination.k8s.io/v1", "Kind:         Lease"]
    assert "  Holder Identity:  node-1" in lines


def test_config_map(objects: Objects) -> None:
    (made,) = objects("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}, binaryData: {b: AAEC}}")
    assert "Data\n====\nk:\n----\nv\n\n\nBinaryData\n====\nb: 3 bytes\n" in description([made])
