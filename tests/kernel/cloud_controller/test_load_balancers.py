"""The whole mock cloud with a real API server and real packets."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from protos import kinds
from protos.kubernetes import core_pb2
from svclab.client.sync_client import SyncClient
from svclab.client.target import Target
from tests.kernel.cloud_controller.site import CLIENT, CLOUD, HERE, NODES, POOL, Site, may_make_namespaces, until

pytestmark = pytest.mark.skipif(not may_make_namespaces(), reason="needs root, for network namespaces")


class Lab:
    """The site with an API server and the cloud."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self._folder = folder
        self.socket = folder / "api.sock"
        self.client = SyncClient(Target.parse(f"unix:{self.socket}"))
        self.cloud = self.start_cloud()

    def start_cloud(self, *more: str) -> "subprocess.Popen[bytes]":
        options = ("--server", f"unix:{self.socket}", "--state-dir", str(self._folder / "cloud"), "--pool", POOL)
        fast = ("--probe-interval", "0.2", "--retry-scale", "0.02")
        return self.site.cloud.start(sys.executable, "-m", "cloud_controller", *options, *fast, *more)

    def restart_cloud(self, *more: str) -> None:
        """As after a crash."""
        self.cloud.kill()
        self.cloud.wait()
        self.cloud = self.start_cloud(*more)

    def add_nodes(self) -> None:
        for number in range(len(NODES)):
            self.client.create(self.node(number))
            self.client.update_status(self.node(number))

    @staticmethod
    def node(number: int) -> core_pb2.Node:
        node = core_pb2.Node()
        node.metadata.name = f"node-{number + 1}"
        node.status.addresses.add(type="InternalIP", address=NODES[number])
        return node

    def service(self, name: str, load_balancer_class: str = "", **annotations: str) -> core_pb2.Service:
        service = core_pb2.Service()
        service.metadata.namespace, service.metadata.name = "default", name
        for key, value in annotations.items():
            service.metadata.annotations[f"cloud.svclab.dev/{key}"] = value
        service.spec.type = "LoadBalancer"
        if load_balancer_class:
            service.spec.loadBalancerClass = load_balancer_class
        service.spec.selector["app"] = name
        for protocol in ("TCP", "UDP"):
            node_port = 30080 if annotations.get("mode") == "proxy" else 0
            service.spec.ports.add(name=protocol.lower(), port=80, protocol=protocol, nodePort=node_port)
        created: core_pb2.Service = self.client.create(service)
        return created

    def address(self, name: str) -> str:
        """The first address in the status; "" while it is pending."""
        ingress = self.client.get(kinds.SERVICES, name, "default").status.loadBalancer.ingress
        return ingress[0].ip if ingress else ""

    def wait_for_address(self, name: str) -> str:
        until(lambda: self.address(name))
        return self.address(name)

    def events(self, name: str) -> list[str]:
        found = self.client.list(kinds.EVENTS, "default", field_selector=f"involvedObject.name={name}").items
        return [f"{event.reason}: {event.message}" for event in found]

    def delete(self, *names: str) -> None:
        for name in names:
            self.client.delete(kinds.SERVICES, name, "default")
        until(lambda: not {s.metadata.name for s in self.client.list(kinds.SERVICES, "default").items} & {*names})


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("cloud")
    command = [sys.executable, "-m", "apiserver", "--socket", str(folder / "api.sock"), "--state-dir", str(folder)]
    with Site() as site:
        for node in site.nodes:  # a VIP reaches a node as it is: here the node itself answers for it
            node.run("sysctl", "-q", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2")
            node.run("ip", "addr", "add", POOL, "dev", "lo")
        server = subprocess.Popen(command)
        try:
            until(lambda: (folder / "api.sock").exists())
            lab = Lab(site, folder)
            lab.add_nodes()
            yield lab
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


def answers(lab: Lab, address: str, times: int = 12) -> set[str]:
    return {lab.site.ask(address) for _ in range(times)}


def test_vip_reaches_healthy_nodes_and_keeps_the_client(lab: Lab) -> None:
    lab.service("web")
    address = lab.wait_for_address("web")
    ingress = lab.client.get(kinds.SERVICES, "web", "default").status.loadBalancer.ingress
    assert [entry.ipMode for entry in ingress] == ["VIP"]
    until(lambda: lab.site.ask(address) != "timeout")
    assert answers(lab, address, 30) == {f"node-1 {CLIENT}", f"node-2 {CLIENT}"}
    assert lab.site.ask(address, 81) == "refused"
    reasons = [event.partition(":")[0] for event in lab.events("web")]
    assert {"EnsuringLoadBalancer", "EnsuredLoadBalancer"} <= set(reasons)
    lab.delete("web")
    until(lambda: lab.site.ask(address) not in (f"node-1 {CLIENT}", f"node-2 {CLIENT}"))
    assert any(event.startswith("DeletedLoadBalancer") for event in lab.events("web"))


def test_proxy_goes_to_node_ports_as_itself(lab: Lab) -> None:
    lab.service("web", mode="proxy")
    address = lab.wait_for_address("web")
    until(lambda: lab.site.ask(address) != "timeout")
    assert answers(lab, address, 30) == {f"node-1 {CLOUD}", f"node-2 {CLOUD}"}
    patch = {"spec": {"loadBalancerSourceRanges": ["10.99.0.0/16"]}}
    lab.client.patch(kinds.SERVICES, "web", "default", patch, type="merge")
    until(lambda: lab.site.ask(address) == "timeout")
    lab.delete("web")


def test_a_dead_node_gets_nothing_new_and_comes_back(lab: Lab) -> None:
    lab.service("web")
    address = lab.wait_for_address("web")
    until(lambda: answers(lab, address) == {f"node-1 {CLIENT}", f"node-2 {CLIENT}"})
    lab.site.nodes[0].run("ip", "link", "set", "eth0", "down")
    until(lambda: answers(lab, address, 8) == {f"node-2 {CLIENT}"})
    lab.site.nodes[0].run("ip", "link", "set", "eth0", "up")
    until(lambda: answers(lab, address) == {f"node-1 {CLIENT}", f"node-2 {CLIENT}"})
    lab.delete("web")


def test_connections_stay_on_a_node_that_leaves_the_rotation(lab: Lab) -> None:
    lab.service("web")
    address = lab.wait_for_address("web")
    both = {f"node-1 {CLIENT}", f"node-2 {CLIENT}"}
    until(lambda: answers(lab, address) == both)
    holder = lab.site.client.begin(sys.executable, str(HERE / "hold.py"), address, "80", "24")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    unhealthy = "table ip ill { chain input { type filter hook input priority 0; tcp dport 10256 reject; }; }"
    lab.site.nodes[0].run("nft", unhealthy)
    until(lambda: answers(lab, address, 8) == {f"node-2 {CLIENT}"})
    told, _ = holder.communicate("now\n", timeout=30)
    assert set(told.splitlines()) == both
    lab.site.nodes[0].run("nft", "delete table ip ill")
    until(lambda: answers(lab, address) == both)
    lab.delete("web")


def test_a_flow_leaves_a_node_that_died(lab: Lab) -> None:
    lab.service("web", mode="proxy")
    address = lab.wait_for_address("web")
    until(lambda: answers(lab, address) == {f"node-1 {CLOUD}", f"node-2 {CLOUD}"})
    flow = lab.site.client.begin(sys.executable, str(HERE / "flow.py"), address, "80")
    assert flow.stdin is not None
    assert flow.stdout is not None

    def ask() -> str:
        assert flow.stdin is not None
        assert flow.stdout is not None
        flow.stdin.write("\n")
        flow.stdin.flush()
        return flow.stdout.readline().strip()

    first = ask()
    dead = lab.site.nodes[0 if first == f"node-1 {CLOUD}" else 1]
    dead.run("ip", "link", "set", "eth0", "down")
    other = ({f"node-1 {CLOUD}", f"node-2 {CLOUD}"} - {first}).pop()
    until(lambda: ask() == other)
    dead.run("ip", "link", "set", "eth0", "up")
    flow.stdin.close()
    flow.wait()
    flow.stdout.close()
    lab.delete("web")


def test_a_crash_of_the_cloud_is_not_seen_and_changes_no_address(lab: Lab) -> None:
    lab.service("web")
    address = lab.wait_for_address("web")
    until(lambda: lab.site.ask(address).startswith("node"))
    lab.cloud.kill()
    lab.cloud.wait()
    assert lab.site.ask(address).startswith("node")
    lab.service("second")
    lab.cloud = lab.start_cloud()
    assert lab.wait_for_address("second") != address
    assert lab.address("web") == address
    assert lab.site.ask(address).startswith("node")
    lab.delete("web", "second")


def test_what_went_while_the_cloud_was_away_leaves_nothing_behind(lab: Lab) -> None:
    for name in ("kept", "gone"):
        lab.service(name)
    kept, gone = (lab.wait_for_address(name) for name in ("kept", "gone"))
    for address in (kept, gone):
        until(lambda: lab.site.ask(address).startswith("node"))  # noqa: B023
    lab.cloud.kill()
    lab.cloud.wait()
    lab.client.patch(kinds.SERVICES, "gone", "default", {"metadata": {"finalizers": []}}, type="merge")
    lab.delete("gone")
    lab.client.delete(kinds.NODES, "node-2")
    lab.cloud = lab.start_cloud()
    until(lambda: gone not in lab.site.cloud.run("ip", "neigh", "show", "proxy"))
    until(lambda: gone not in lab.site.cloud.run("ip", "route"))
    until(lambda: len(lab.site.cloud.run("ip", "rule", "show", "priority", "100").splitlines()) == 1)
    assert kept in lab.site.cloud.run("ip", "neigh", "show", "proxy")
    assert lab.site.ask(kept) == f"node-1 {CLIENT}"
    lab.client.create(lab.node(1))
    lab.client.update_status(lab.node(1))
    until(lambda: answers(lab, kept) == {f"node-1 {CLIENT}", f"node-2 {CLIENT}"})
    lab.delete("kept")


def test_a_cloud_serves_its_own_class_and_leaves_others_alone(lab: Lab) -> None:
    classes = {"default": "", "own": "svclab.dev/own", "foreign": "example.com/foreign"}
    for served, options in (("default", ()), ("own", ("--load-balancer-class", classes["own"]))):
        lab.restart_cloud(*options)
        services = {name: f"{name}-{served}" for name in classes}  # events outlive their objects
        for name, load_balancer_class in classes.items():
            lab.service(services[name], load_balancer_class)
        address = lab.wait_for_address(services.pop(served))
        until(lambda: lab.site.ask(address) in (f"node-1 {CLIENT}", f"node-2 {CLIENT}"))  # noqa: B023
        for name in services.values():
            untouched = lab.client.get(kinds.SERVICES, name, "default")
            assert not untouched.status.loadBalancer.ingress
            assert not untouched.metadata.finalizers
            assert not lab.events(name)
        lab.delete(*services.values())  # nobody holds them
        lab.delete(f"{served}-{served}")
    lab.restart_cloud()


def test_a_finalizer_of_another_cloud_is_left_alone(lab: Lab) -> None:
    foreign = lab.service("foreign", "example.com/foreign")
    finalizers = ["service.kubernetes.io/load-balancer-cleanup"]
    patch = {"metadata": {"finalizers": finalizers}}
    lab.client.patch(kinds.SERVICES, "foreign", "default", patch, type="merge")
    lab.client.delete(kinds.SERVICES, "foreign", "default")
    lab.service("later")
    lab.wait_for_address("later")  # the cloud has seen what was before
    kept = lab.client.get(kinds.SERVICES, "foreign", "default")
    assert (kept.metadata.uid, [*kept.metadata.finalizers]) == (foreign.metadata.uid, finalizers)
    patch["metadata"]["finalizers"] = []
    lab.client.patch(kinds.SERVICES, "foreign", "default", patch, type="merge")
    lab.delete("later")


def test_changes_are_told_as_kubernetes_tells_them(lab: Lab) -> None:
    lab.service("web")
    lab.wait_for_address("web")
    for patch in (
        {"loadBalancerSourceRanges": ["10.77.0.0/16"]},
        {"externalTrafficPolicy": "Local"},
        {"type": "ClusterIP", "loadBalancerSourceRanges": None},
        {"type": "LoadBalancer"},
    ):
        lab.client.patch(kinds.SERVICES, "web", "default", {"spec": patch}, type="merge")
    lab.wait_for_address("web")
    wanted = {
        "LoadBalancerSourceRanges: [] -> [10.77.0.0/16]",
        "ExternalTrafficPolicy: Cluster -> Local",
        "Type: LoadBalancer -> ClusterIP",
        "Type: ClusterIP -> LoadBalancer",
    }
    until(lambda: wanted <= {*lab.events("web")})
    lab.delete("web")


def test_nodes_that_come_and_go_are_told(lab: Lab) -> None:
    lab.service("web")
    lab.wait_for_address("web")
    label = "node.kubernetes.io/exclude-from-external-load-balancers"
    for value, names, told in (
        ("true", ("node-1",), "UpdatedLoadBalancer: Updated load balancer with new hosts"),
        ("true", ("node-1", "node-2"), "UnAvailableLoadBalancer: There are no available nodes for LoadBalancer"),
    ):
        for name in names:
            lab.client.patch(kinds.NODES, name, "", {"metadata": {"labels": {label: value}}}, type="merge")
        until(lambda: told in lab.events("web"))  # noqa: B023
    lab.service("late")
    lab.wait_for_address("late")
    until(lambda: "UnAvailableLoadBalancer: There are no available nodes for LoadBalancer" in lab.events("late"))
    for name in ("node-1", "node-2"):
        lab.client.patch(kinds.NODES, name, "", {"metadata": {"labels": {label: None}}}, type="merge")
    address = lab.address("web")
    until(lambda: lab.site.ask(address).startswith("node"))
    lab.delete("web", "late")


def test_a_cloud_that_fails_keeps_what_is_deleted_until_it_works(lab: Lab) -> None:
    lab.service("web")
    address = lab.wait_for_address("web")
    until(lambda: lab.site.ask(address).startswith("node"))
    annotation = {"metadata": {"annotations": {"cloud.svclab.dev/fault": "error=3600"}}}
    lab.client.patch(kinds.SERVICES, "web", "default", annotation, type="merge")
    lab.restart_cloud()
    lab.client.delete(kinds.SERVICES, "web", "default")
    text = (
        "SyncLoadBalancerFailed: Error syncing load balancer: failed to delete load balancer: the cloud's API answered"
    )
    until(lambda: any(event.startswith(text) for event in lab.events("web")))
    kept = lab.client.get(kinds.SERVICES, "web", "default")
    assert kept.metadata.HasField("deletionTimestamp")
    assert kept.metadata.finalizers
    annotation["metadata"]["annotations"] = {"cloud.svclab.dev/fault": None}  # type: ignore[dict-item]
    lab.client.patch(kinds.SERVICES, "web", "default", annotation, type="merge")
    until(lambda: "web" not in {s.metadata.name for s in lab.client.list(kinds.SERVICES, "default").items})


def test_what_a_service_has_outlives_a_cloud_that_fails_and_crashes(lab: Lab) -> None:
    lab.service("web")
    address = lab.wait_for_address("web")
    until(lambda: lab.site.ask(address).startswith("node"))
    annotation = {"metadata": {"annotations": {"cloud.svclab.dev/fault": "quota"}}}
    lab.client.patch(kinds.SERVICES, "web", "default", annotation, type="merge")
    until(lambda: any("quota exceeded" in event for event in lab.events("web")))
    lab.restart_cloud()
    lab.service("later")
    later = lab.wait_for_address("later")
    until(lambda: lab.site.ask(later).startswith("node"))  # its tables are written
    assert lab.address("web") == address
    assert lab.site.ask(address).startswith("node")
    lab.delete("web", "later")


def test_faults_leave_it_pending_with_the_reason(lab: Lab) -> None:
    lab.service("web", fault="quota")
    until(lambda: any("quota exceeded" in event for event in lab.events("web")))
    assert not lab.address("web")
    lab.client.patch(kinds.SERVICES, "web", "default", {"metadata": {"annotations": None}}, type="merge")
    assert lab.wait_for_address("web")
    lab.delete("web")


def test_an_address_that_changes_is_pending_meanwhile_and_says_why(lab: Lab) -> None:
    lab.service("web")
    before = lab.wait_for_address("web")
    lab.client.patch(
        kinds.SERVICES,
        "web",
        "default",
        {"metadata": {"annotations": {"cloud.svclab.dev/fault": "readdress=1"}}},
        type="merge",
    )
    until(lambda: not lab.address("web"))
    after = lab.wait_for_address("web")
    assert after != before
    until(lambda: lab.site.ask(after).startswith("node"))
    events = lab.client.list(kinds.EVENTS, "default", field_selector="involvedObject.name=web").items
    told = {event.message: event.count for event in events}
    failed = f"failed to ensure load balancer: {before} was taken away, another address will be assigned"
    assert told[f"Error syncing load balancer: {failed}"] < 10
    lab.delete("web")


def test_a_full_pool_serves_the_waiting_as_soon_as_an_address_is_free(lab: Lab) -> None:
    names = [f"web-{number}" for number in range(7)]  # the pool has six addresses
    for name in names:
        lab.service(name)
    until(lambda: sum(bool(lab.address(name)) for name in names) == 6)
    (waiting,) = [name for name in names if not lab.address(name)]
    until(lambda: any("no free IPv4 address" in event for event in lab.events(waiting)))
    names.remove(waiting)
    lab.delete(names.pop())
    assert lab.wait_for_address(waiting)
    lab.delete(*names, waiting)


def test_a_service_that_is_no_longer_a_load_balancer_loses_address_and_finalizer(lab: Lab) -> None:
    lab.service("web")
    lab.wait_for_address("web")
    lab.client.patch(kinds.SERVICES, "web", "default", {"spec": {"type": "NodePort"}}, type="merge")
    until(lambda: not lab.client.get(kinds.SERVICES, "web", "default").metadata.finalizers)
    assert not lab.address("web")
    lab.delete("web")
