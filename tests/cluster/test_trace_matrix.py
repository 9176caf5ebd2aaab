"""`svclab trace` as the oracle: what its model predicts for a packet is what the kernel does with a real one.

Every kind of Service, from everywhere, with every policy and state of the endpoints. All Services are made once; each
source then sends one packet to each of them, all at once.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from svclab.cli.sending import Observers, send
from svclab.cli.verbs.trace import machines, outside_addresses, read_world
from svclab.cluster.config import ClusterConfig
from svclab.cluster.state import StateFolder
from svclab.trace.comparison import differences
from svclab.trace.observation import Observation, observe
from svclab.trace.question import Source, parse_source, parse_target
from svclab.trace.trace import Trace, predict
from svclab.trace.way import Verdict
from svclab.trace.world import World
from tests.cluster.harness import Cluster, eventually

NAMESPACE = "matrix"
PATIENCE = 4.0  # seconds until a packet counts as dropped: all wait at the same time
NODES = ("node-1", "node-2", "node-3")
SERVERS = {"server-1": "node-1", "server-2": "node-2"}  # node-3 has no endpoint
SOURCES = ("pod/server-1", "pod/client-1", "pod/client-3", "node/node-1", "node/node-3", "outside")
READY: dict[str, Any] = {}
UNREADY = {"ready": False, "serving": False}
TERMINATING = {"ready": False, "serving": True, "terminating": True}
GONE = {"ready": False, "serving": False, "terminating": True}
STATES: dict[str, dict[str, dict[str, Any]]] = {  # the conditions of each server's endpoint
    "ready": {"server-1": READY, "server-2": READY},
    "remote": {"server-1": UNREADY, "server-2": READY},  # of what node-1 sees
    "mixed": {"server-1": TERMINATING, "server-2": READY},
    "unready": {"server-1": UNREADY, "server-2": GONE},
    "terminating": {"server-1": TERMINATING, "server-2": UNREADY},
    "none": {},
}
POLICIES = ("Cluster", "Local")
EXTERNAL_KINDS = ("nodeport", "external", "vip", "proxy")
RANGED = {"allowed": "0.0.0.0/0", "denied": "192.0.2.0/24"}


def pod(name: str, node: str) -> dict[str, Any]:
    container = {"name": "main", "image": "svclab/echo", "ports": [{"containerPort": 8080}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"suite": NAMESPACE}},
        "spec": {"nodeName": node, "terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def service(name: str, **spec: Any) -> dict[str, Any]:
    """Two ports, TCP and UDP; without a selector, so that the test writes its endpoints."""
    ports = [
        {"name": "web", "port": spec.pop("port", 80), "targetPort": 8080},
        {"name": "who", "port": 5000, "targetPort": 8080, "protocol": "UDP"},
    ]
    metadata: dict[str, Any] = {"name": name, "namespace": NAMESPACE}
    if spec.pop("mode", "") == "proxy":
        metadata["annotations"] = {"cloud.svclab.dev/mode": "proxy"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports, **spec}}


def slice_of(name: str, state: str, addresses: dict[str, str]) -> dict[str, Any]:
    endpoints = [
        {
            "addresses": [addresses[server]],
            "conditions": conditions,
            "nodeName": SERVERS[server],
            "targetRef": {"kind": "Pod", "namespace": NAMESPACE, "name": server},
        }
        for server, conditions in STATES[state].items()
    ]
    ports = [{"name": "web", "port": 8080}, {"name": "who", "port": 8080, "protocol": "UDP"}]
    metadata = {"name": name, "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": name}}
    head = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4"}
    return head | {"metadata": metadata, "endpoints": endpoints, "ports": ports}


def services(external_ip: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(state of the endpoints, Service)"""
    for number, (state, policy) in enumerate(product(STATES, POLICIES)):
        tail, local = f"{policy.lower()}-{state}", {"externalTrafficPolicy": policy}
        yield state, service(f"clusterip-{tail}", internalTrafficPolicy=policy)
        yield state, service(f"nodeport-{tail}", type="NodePort", **local)
        external = {"externalIPs": [external_ip], "port": 7000 + number, "type": "NodePort"}
        yield state, service(f"external-{tail}", **external, **local)
        yield state, service(f"vip-{tail}", type="LoadBalancer", **local)
        yield state, service(f"proxy-{tail}", type="LoadBalancer", mode="proxy", **local)
    for state in STATES:
        yield state, service(f"headless-{state}", clusterIP="None", port=8080)
    for (name, range_), mode in product(RANGED.items(), ("vip", "proxy")):
        yield "ready", service(f"{name}-{mode}", type="LoadBalancer", mode=mode, loadBalancerSourceRanges=[range_])
    yield "ready", service("sticky", sessionAffinity="ClientIP")
    target = f"clusterip-cluster-ready.{NAMESPACE}.svc.cluster.local"
    yield "ready", service("alias", type="ExternalName", externalName=target)


@dataclass
class Probe:
    """One packet of the matrix."""

    source: Source
    target: str
    trace: Trace
    seen: Observation | None = None

    @property
    def failure(self) -> str:
        assert self.seen is not None
        wrong = "; ".join(differences(self.trace, self.seen))
        steps = ", ".join(f"{step.node}: {step.text}" for step in self.seen.steps)
        return f"{self.source.text} -> {self.target}: {wrong} [{steps}]" if wrong else ""


@dataclass
class Matrix:
    """A cluster with the Services, and what it holds."""

    cluster: Cluster
    config: ClusterConfig
    world: World

    def targets(self, source: str) -> Iterator[str]:
        """All that is worth sending to: names from pods, addresses from everywhere."""
        for (namespace, name), found in sorted(self.world.services.items()):
            if namespace != NAMESPACE:
                continue
            spec, kind = found.spec, name.partition("-")[0]
            if source.startswith("pod/") or (kind not in ("alias", "headless") and source != "outside"):
                yield f"{name}.{NAMESPACE}:{spec.ports[0].port}"
                if kind not in ("headless", "alias"):
                    yield f"{name}.{NAMESPACE}:5000/udp"
            if kind == "nodeport":
                for node, port in product(("node-1", "node-3"), spec.ports):
                    yield f"node/{node}:{port.nodePort}/{port.protocol.lower()}"
            for ip in (*spec.externalIPs, *(item.ip for item in found.status.loadBalancer.ingress)):
                yield f"{ip}:{spec.ports[0].port}"
                if kind != "external":  # they share an address and the UDP port
                    yield f"{ip}:5000/udp"
        yield from self.loose_targets()

    def loose_targets(self) -> Iterator[str]:
        """Where no Service answers."""
        server = self.world.pod(NAMESPACE, "server-2")
        assert server is not None
        taken = self.world.services[NAMESPACE, "clusterip-cluster-ready"].spec.clusterIP
        yield from (f"{taken}:81", f"{taken}:80/udp", "10.96.255.254:80", f"{server.addresses[0]}:8080")
        yield f"{self.world.nodes['node-2'].addresses[0]}:10256"

    def probes(self) -> list[Probe]:
        found = []
        for text in SOURCES:
            source = parse_source(self.world, text, NAMESPACE, outside_addresses(self.config))
            for target in self.targets(text):
                found.append(Probe(source, target, predict(self.world, source, parse_target(target), NAMESPACE)))
        return found

    def send(self) -> list[Probe]:
        """Sends everything; each source is a process of its own."""
        probes = self.probes()
        by_source = [[probe for probe in probes if probe.source.text == text] for text in SOURCES]
        watched = Observers(self.cluster.name, machines(self.world, self.config))
        with self.cluster.client() as api, watched.watching() as observers:

            def send_all(mine: list[Probe]) -> list[Any]:
                return send(api, self.cluster.name, mine[0].source, [probe.trace for probe in mine], PATIENCE)

            with ThreadPoolExecutor(len(by_source)) as pool:
                answers = list(pool.map(send_all, by_source))
            rows = observers.seen()
        for mine, sent in zip(by_source, answers, strict=True):
            for probe, one in zip(mine, sent, strict=True):
                probe.seen = observe(self.world, probe.trace, one, rows)
        return probes


@pytest.fixture(scope="module")
def matrix(cluster: Cluster) -> Iterator[Matrix]:
    """Everything is made, and the load balancers have found out which nodes are healthy."""
    with pytest.MonkeyPatch.context() as patch, cluster.client() as api:
        patch.setenv("XDG_STATE_HOME", os.fspath(cluster.state_home))  # for programs that enter machines
        config = StateFolder.of(cluster.name).load()
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        clients = {"client-1": "node-1", "client-3": "node-3"}
        apply(cluster, [namespace, *(pod(name, node) for name, node in (SERVERS | clients).items())])
        cluster.svclab("-n", NAMESPACE, "wait", "--for=condition=Ready", "pod", "-l", f"suite={NAMESPACE}")
        cluster.svclab("-n", "kube-system", "wait", "--for=condition=Ready", "pod", "-l", "k8s-app=kube-dns")
        pods = cluster.json("pods", "-n", NAMESPACE)["items"]
        addresses = {item["metadata"]["name"]: item["status"]["podIP"] for item in pods}
        made = list(services(cluster.node_address("node-2")))
        named = [(one["metadata"]["name"], state) for state, one in made if one["spec"].get("type") != "ExternalName"]
        apply(cluster, [*(slice_of(name, state, addresses) for name, state in named), *(one for _, one in made)])
        eventually(lambda: balancers_agree(cluster, read_world(api, config)), within=20)
        yield Matrix(cluster, config, read_world(api, config))
        cluster.svclab("delete", "namespace", NAMESPACE)


def apply(cluster: Cluster, objects: list[dict[str, Any]]) -> None:
    cluster.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))


def balancers_agree(cluster: Cluster, world: World) -> bool:
    """Whether every load balancer has the nodes in rotation that the model says."""
    rows = {
        row["name"]: row
        for row in json.loads(cluster.svclab("cloud", "status", "-o", "json"))
        if row["namespace"] == NAMESPACE
    }
    for (namespace, name), found in world.services.items():
        if namespace == NAMESPACE and found.spec.type == "LoadBalancer":
            if name not in rows or not found.status.loadBalancer.ingress:
                return False
            port = found.spec.ports[0].port
            target = parse_target(f"{found.status.loadBalancer.ingress[0].ip}:{port}")
            trace = predict(world, Source("outside", "", ("192.0.2.1",)), target, NAMESPACE)
            kept = {item.endpoint.node for item in trace.way.hops[0].hit.considered if item.kept}  # type: ignore[union-attr]
            if kept != set(rows[name]["healthy"]):
                return False
    return True


@pytest.fixture(scope="module")
def results(matrix: Matrix) -> list[Probe]:
    """All packets, sent once."""
    return matrix.send()


@pytest.mark.parametrize("source", SOURCES)
def test_every_packet_goes_as_predicted(results: list[Probe], source: str) -> None:
    failures = [probe.failure for probe in results if probe.source.text == source]
    assert [text for text in failures if text] == []


def test_the_matrix_has_every_kind_of_end(results: list[Probe]) -> None:
    seen = Counter(probe.seen.verdict for probe in results if probe.seen)
    assert set(seen) >= {Verdict.DELIVERED, Verdict.REFUSED, Verdict.DROPPED, Verdict.UNREACHABLE, Verdict.UNRESOLVED}
    assert any(probe.seen.masqueraded for probe in results if probe.seen)
    assert any(end.place == "load balancer" for probe in results for end in probe.trace.ends)
