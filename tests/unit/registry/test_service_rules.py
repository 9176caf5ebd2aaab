"""Rules of a Service by itself, one by one: each case is a spec and the errors that it gives."""
# ruff: noqa: E501  (messages stand in one piece, so that they can be searched for)

import pytest
import yaml

from apiserver.registry.errors import Invalid
from protos.kinds import SERVICES
from tests.unit.registry.harness import Cluster

PORT = "ports: [{port: 80}]"
RANGE = "must be between 1 and 65535, inclusive"
IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
LB_ONLY = "Forbidden: may only be used when `type` is 'LoadBalancer'"

CASES: dict[str, tuple[str, list[str]]] = {
    "no ports": ("{}", ["spec.ports: Required value"]),
    "port 0": ("ports: [{port: 0, targetPort: 1}]", [f"spec.ports[0].port: Invalid value: 0: {RANGE}"]),
    "port 65536": ("ports: [{port: 65536, targetPort: 1}]", [f"spec.ports[0].port: Invalid value: 65536: {RANGE}"]),
    "two unnamed ports": (
        "ports: [{port: 1}, {port: 2}]",
        ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
    ),
    "two ports with one name": (
        "ports: [{name: a, port: 1}, {name: a, port: 2}]",
        ['spec.ports[1].name: Duplicate value: "a"'],
    ),
    "name too long": (
        f"ports: [{{name: {'a' * 64}, port: 1}}]",
        [f'spec.ports[0].name: Invalid value: "{"a" * 64}": must be no more than 63 characters'],
    ),
    "protocol": (
        "ports: [{port: 1, protocol: ICMP}]",
        ['spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
    ),
    "targetPort number": (
        "ports: [{port: 1, targetPort: 70000}]",
        [f"spec.ports[0].targetPort: Invalid value: 70000: {RANGE}"],
    ),
    "targetPort name": (
        "ports: [{port: 1, targetPort: A_B}]",
        [
            'spec.ports[0].targetPort: Invalid value: "A_B": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
            'spec.ports[0].targetPort: Invalid value: "A_B": must contain at least one letter (a-z)',
        ],
    ),
    "targetPort hyphens": (
        "ports: [{port: 1, targetPort: -a--b}]",
        [
            'spec.ports[0].targetPort: Invalid value: "-a--b": must not contain consecutive hyphens',
            'spec.ports[0].targetPort: Invalid value: "-a--b": must not begin or end with a hyphen',
        ],
    ),
    "targetPort too long": (
        "ports: [{port: 1, targetPort: abcdefghijklmnop}]",
        ['spec.ports[0].targetPort: Invalid value: "abcdefghijklmnop": must be no more than 15 characters'],
    ),
    "duplicate port": (
        "ports: [{name: a, port: 1}, {name: b, port: 1}]",
        ['spec.ports[1]: Duplicate value: {"port":1,"protocol":"TCP"}'],
    ),
    "duplicate nodePort": (
        "{type: NodePort, ports: [{name: a, port: 1, nodePort: 30001}, {name: b, port: 2, nodePort: 30001}]}",
        ["spec.ports[1].nodePort: Duplicate value: 30001"],
    ),
    "nodePort of a ClusterIP": (
        "ports: [{port: 1, nodePort: 30001}]",
        ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ),
    "kubelet's port": (
        "{type: LoadBalancer, ports: [{port: 10250}]}",
        ["spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet"],
    ),
    "headless LoadBalancer": (
        f"{{type: LoadBalancer, clusterIP: None, {PORT}}}",
        ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"],
    ),
    "headless NodePort": (
        f"{{type: NodePort, clusterIP: None, {PORT}}}",
        ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
    ),
    "type": (
        f"{{type: Foo, {PORT}}}",
        [
            'spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'
        ],
    ),
    "affinity": (
        f"{{sessionAffinity: Foo, {PORT}}}",
        ['spec.sessionAffinity: Unsupported value: "Foo": supported values: "ClientIP", "None"'],
    ),
    "affinity 0 s": (
        f"{{sessionAffinity: ClientIP, sessionAffinityConfig: {{clientIP: {{timeoutSeconds: 0}}}}, {PORT}}}",
        [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400"
        ],
    ),
    "affinity beyond a day": (
        f"{{sessionAffinity: ClientIP, sessionAffinityConfig: {{clientIP: {{timeoutSeconds: 86401}}}}, {PORT}}}",
        [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"
        ],
    ),
    "affinity of a day": (
        f"{{sessionAffinity: ClientIP, sessionAffinityConfig: {{clientIP: {{timeoutSeconds: 86400}}}}, {PORT}}}",
        [],
    ),
    "clusterIPs without clusterIP": (
        f"{{clusterIPs: [10.96.0.9], {PORT}}}",
        ['spec.clusterIPs: Invalid value: ["10.96.0.9"]: must be empty when `clusterIP` is not specified'],
    ),
    "clusterIPs other than clusterIP": (
        f"{{clusterIP: 10.96.0.8, clusterIPs: [10.96.0.9], {PORT}}}",
        ['spec.clusterIPs: Invalid value: ["10.96.0.9"]: first value must match `clusterIP`'],
    ),
    "None with an address": (
        f"{{clusterIP: None, clusterIPs: [None, 10.96.0.9], {PORT}}}",
        ['spec.clusterIPs: Invalid value: ["None","10.96.0.9"]: \'None\' must be the first and only value'],
    ),
    "no address": (f"{{clusterIP: foo, {PORT}}}", [f'spec.clusterIPs[0]: Invalid value: "foo": {IP}']),
    "three addresses": (
        f"{{clusterIP: 10.96.0.8, clusterIPs: [10.96.0.8, 'fd::1', 10.96.0.9], {PORT}}}",
        [
            'spec.clusterIPs: Invalid value: ["10.96.0.8","fd::1","10.96.0.9"]: may only hold up to 2 values',
            'spec.clusterIPs: Invalid value: ["10.96.0.8","fd::1","10.96.0.9"]: may specify no more than one IP for each IP family',
        ],
    ),
    "an address of the other family": (
        f"{{clusterIP: 10.96.0.8, ipFamilies: [IPv6], {PORT}}}",
        ['spec.clusterIPs[0]: Invalid value: "10.96.0.8": expected an IPv6 value as indicated by `ipFamilies[0]`'],
    ),
    "a family": (
        f"{{ipFamilies: [IPv5], {PORT}}}",
        ['spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'],
    ),
    "a family twice": (
        f"{{ipFamilies: [IPv4, IPv4], ipFamilyPolicy: PreferDualStack, {PORT}}}",
        ['spec.ipFamilies[1]: Duplicate value: "IPv4"'],
    ),
    "a family policy": (
        f"{{ipFamilyPolicy: Foo, {PORT}}}",
        [
            'spec.ipFamilyPolicy: Unsupported value: "Foo": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"'
        ],
    ),
    "families of an ExternalName": (
        "{type: ExternalName, externalName: a.b, clusterIP: 10.96.0.8, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack}",
        [
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
            "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
            "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services",
        ],
    ),
    "no externalName": ("{type: ExternalName}", ["spec.externalName: Required value"]),
    "externalName with a dot": ("{type: ExternalName, externalName: example.com.}", []),
    "externalIPs": (
        f"{{externalIPs: [foo, 0.0.0.0, 127.0.0.1, 169.254.1.1, 224.0.0.1, '::1', 'fe80::1', 192.0.2.1], {PORT}}}",
        [
            f'spec.externalIPs[0]: Invalid value: "foo": {IP}',
            'spec.externalIPs[1]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
            'spec.externalIPs[2]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            'spec.externalIPs[3]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
            'spec.externalIPs[4]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
            'spec.externalIPs[5]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            'spec.externalIPs[6]: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
        ],
    ),
    "source ranges of a NodePort": (
        f"{{type: NodePort, loadBalancerSourceRanges: [10.0.0.0/8], {PORT}}}",
        [f"spec.LoadBalancerSourceRanges: {LB_ONLY}"],
    ),
    "source ranges": (
        f"{{type: LoadBalancer, loadBalancerSourceRanges: [' 10.0.0.0/8 ', ' 10.0.0.1'], {PORT}}}",
        [
            'spec.LoadBalancerSourceRanges[1]: Invalid value: "10.0.0.1": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
        ],
    ),
    "allocation flag of a NodePort": (
        f"{{type: NodePort, allocateLoadBalancerNodePorts: true, {PORT}}}",
        [f"spec.allocateLoadBalancerNodePorts: {LB_ONLY}"],
    ),
    "class of a ClusterIP": (f"{{loadBalancerClass: a b, {PORT}}}", [f"spec.loadBalancerClass: {LB_ONLY}"]),
    "external policy of a ClusterIP": (
        f"{{externalTrafficPolicy: Local, {PORT}}}",
        ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ),
    "external policy of a ClusterIP with external addresses": (
        f"{{externalTrafficPolicy: Local, externalIPs: [192.0.2.1], {PORT}}}",
        [],
    ),
    "external policy": (
        f"{{type: NodePort, externalTrafficPolicy: Foo, {PORT}}}",
        ['spec.externalTrafficPolicy: Unsupported value: "Foo": supported values: "Cluster", "Local"'],
    ),
    "health check port of a NodePort": (
        f"{{type: NodePort, healthCheckNodePort: 30001, {PORT}}}",
        [
            "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and "
            "`externalTrafficPolicy` is 'Local'"
        ],
    ),
    "internal policy": (
        f"{{internalTrafficPolicy: Foo, {PORT}}}",
        ['spec.internalTrafficPolicy: Unsupported value: "Foo": supported values: "Cluster", "Local"'],
    ),
    "distribution": (
        f"{{trafficDistribution: Foo, {PORT}}}",
        [
            'spec.trafficDistribution: Unsupported value: "Foo": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"'
        ],
    ),
    "IPv6 on an IPv4 cluster": (
        f"{{ipFamilies: [IPv6], {PORT}}}",
        ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    ),
    "an IPv6 address on an IPv4 cluster": (
        f"{{clusterIP: 'fd::1', {PORT}}}",
        ['spec.clusterIPs[0]: Invalid value: ["fd::1"]: IPv6 is not configured on this cluster'],
    ),
    "dual stack on an IPv4 cluster": (
        f"{{ipFamilyPolicy: RequireDualStack, {PORT}}}",
        [
            'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'
        ],
    ),
    "two families with one stack": (
        f"{{ipFamilies: [IPv4, IPv6], {PORT}}}",
        [
            'spec.ipFamilyPolicy: Invalid value: "SingleStack": must be '
            "'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"
        ],
    ),
    "two addresses with one stack": (
        f"{{clusterIP: 10.96.0.8, clusterIPs: [10.96.0.8, 'fd::1'], {PORT}}}",
        [
            'spec.ipFamilyPolicy: Invalid value: "SingleStack": must be '
            "'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
            'spec.clusterIPs[1]: Invalid value: ["10.96.0.8","fd::1"]: IPv6 is not configured on this cluster',
        ],
    ),
    "a nodePort outside the range": (
        "{type: NodePort, ports: [{port: 80, nodePort: 80}]}",
        [
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. "
            "The range of valid ports is 30000-32767"
        ],
    ),
    "an address outside the range": (
        f"{{clusterIP: 1.2.3.4, {PORT}}}",
        [
            'spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: the provided IP (1.2.3.4) is not '
            "in the valid range. The range of valid IPs is 10.96.0.0/16"
        ],
    ),
    "an address that is taken": (
        f"{{clusterIP: 10.96.0.1, {PORT}}}",
        [
            'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated'
        ],
    ),
    "several faults": (
        "{type: NodePort, sessionAffinity: Foo, ports: [{port: 80, nodePort: 80, protocol: Foo}]}",
        [
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. "
            "The range of valid ports is 30000-32767",
            'spec.ports[0].protocol: Unsupported value: "Foo": supported values: "SCTP", "TCP", "UDP"',
            'spec.sessionAffinity: Unsupported value: "Foo": supported values: "ClientIP", "None"',
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule(cluster: Cluster, name: str) -> None:
    spec, errors = CASES[name]
    taken = cluster.allocations()
    if not errors:
        cluster.service(spec)
        return
    with pytest.raises(Invalid) as caught:
        cluster.service(spec)
    status = caught.value.status
    assert [f"{cause.field}: {cause.message}" for cause in status.details.causes] == errors
    shown = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
    assert status.message == f'Service "web" is invalid: {shown}'
    assert (status.code, status.reason, status.details.kind, status.details.name) == (422, "Invalid", "Service", "web")
    assert cluster.allocations() == taken


ORDER = [
    "spec.ports[0].port",
    "spec.ports[0].targetPort",
    "spec.ports[1].name",
    "spec.selector",
    "spec.sessionAffinity",
    "spec.externalIPs[0]",
    "spec.type",
    "spec.ports[2]",
    "spec.LoadBalancerSourceRanges",
    "spec.LoadBalancerSourceRanges[0]",
    "spec.allocateLoadBalancerNodePorts",
    "spec.externalTrafficPolicy",
    "spec.internalTrafficPolicy",
    "spec.trafficDistribution",
]


def test_faults_are_told_in_kubernetes_order(cluster: Cluster) -> None:
    with pytest.raises(Invalid) as caught:
        cluster.service(
            "{type: Foo, sessionAffinity: Foo, externalIPs: [foo], externalTrafficPolicy: Local, selector: {'-': a}, "
            "allocateLoadBalancerNodePorts: true, internalTrafficPolicy: Foo, trafficDistribution: Foo, "
            "loadBalancerSourceRanges: [foo], ports: [{name: a, port: 0}, {name: A, port: 1}, {name: b, port: 1}]}"
        )
    assert [error.path for error in caught.value.errors] == ORDER


METADATA = [
    ({"name": "1a"}, 'metadata.name: Invalid value: "1a": a DNS-1035 label must consist of'),
    ({"name": "a" * 64}, "must be no more than 63 characters"),
    ({}, "metadata.name: Required value: name or generateName is required"),
    ({"generateName": "A-"}, 'metadata.generateName: Invalid value: "A-": a DNS-1035 label'),
    ({"name": "a", "labels": {"-": ""}}, 'metadata.labels: Invalid value: "-": name part must consist of'),
    ({"name": "a", "labels": {"a": "b c"}}, 'metadata.labels: Invalid value: "b c": a valid label must be'),
    ({"name": "a", "annotations": {"a b": ""}}, 'metadata.annotations: Invalid value: "a b": name part'),
    (
        {"name": "a", "annotations": {"a": "x" * 262144}},
        "metadata.annotations: Too long: may not be more than 262144 bytes",
    ),
    ({"name": "a", "finalizers": ["b"]}, "name is neither a standard finalizer name nor is it fully qualified"),
    (
        {"name": "a", "ownerReferences": [{"kind": "Pod", "name": "a", "uid": "b"}]},
        "metadata.ownerReferences.apiVersion: Invalid value",
    ),
    (
        {
            "name": "a",
            "annotations": {
                "service.kubernetes.io/topology-mode": "Auto",
                "service.kubernetes.io/topology-aware-hints": "Disabled",
            },
        },
        'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "Auto": must match '
        "annotations[service.kubernetes.io/topology-aware-hints] when both are specified",
    ),
]


@pytest.mark.parametrize(("metadata", "text"), METADATA, ids=[text[:60] for _, text in METADATA])
def test_rule_of_metadata(cluster: Cluster, metadata: dict[str, object], text: str) -> None:
    with pytest.raises(Invalid) as caught:
        cluster.create(SERVICES, {"metadata": metadata, "spec": yaml.safe_load(PORT)})
    assert text in str(caught.value)


ANNOTATED = [
    ("LoadBalancer", "10.0.0.0/8, x,y", ['Invalid value: "x": CIDR', 'Invalid value: "y": CIDR']),
    ("ClusterIP", "10.0.0.0/8", [LB_ONLY]),
    ("ClusterIP", "", [LB_ONLY]),
    ("NodePort", "x", [LB_ONLY, 'Invalid value: "x": CIDR']),
]


@pytest.mark.parametrize(("kind", "ranges", "errors"), ANNOTATED)
def test_annotation_of_source_ranges(cluster: Cluster, kind: str, ranges: str, errors: list[str]) -> None:
    name = "service.beta.kubernetes.io/load-balancer-source-ranges"
    manifest = {
        "metadata": {"name": "web", "annotations": {name: ranges}},
        "spec": {"type": kind, "ports": [{"port": 80}]},
    }
    with pytest.raises(Invalid) as caught:
        cluster.create(SERVICES, manifest)
    texts = [
        error.replace("CIDR", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)") for error in errors
    ]
    assert [str(error) for error in caught.value.errors] == [f"metadata.annotations[{name}]: {text}" for text in texts]
