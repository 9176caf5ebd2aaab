import pytest

from node_agent.pods.resolving import Resolver, hosts, pod_resolver
from protos.kubernetes import core_pb2, meta_pb2

NODE = Resolver.parse("domain old.example\nnameserver 9.9.9.9\nsearch corp.example\noptions timeout:2\n; a comment\n")


def resolver(policy: str = "", *, host_network: bool = False, config: core_pb2.PodDNSConfig | None = None) -> Resolver:
    spec = core_pb2.PodSpec(dnsPolicy=policy, hostNetwork=host_network, dnsConfig=config)
    pod = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(namespace="shop", name="web"), spec=spec)
    return pod_resolver(pod, NODE, ["10.96.0.10"], "cluster.local")


def test_cluster_first() -> None:
    assert resolver().text() == (
        "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\n"
        "nameserver 10.96.0.10\n"
        "options ndots:5\n"
    )


@pytest.mark.parametrize(
    ("policy", "host_network", "nameserver"),
    [
        ("ClusterFirst", False, "10.96.0.10"),
        ("ClusterFirst", True, "9.9.9.9"),
        ("ClusterFirstWithHostNet", True, "10.96.0.10"),
        ("Default", False, "9.9.9.9"),
    ],
)
def test_who_is_asked(policy: str, host_network: bool, nameserver: str) -> None:
    assert resolver(policy, host_network=host_network).nameservers == (nameserver,)


def test_default_is_the_nodes_own() -> None:
    assert resolver("Default") == NODE == Resolver(("9.9.9.9",), ("corp.example",), ("timeout:2",))


def test_dns_config_adds_and_merges_by_name() -> None:
    config = core_pb2.PodDNSConfig(
        nameservers=["1.1.1.1", "10.96.0.10"],
        searches=["mine.example", "cluster.local"],
        options=[
            core_pb2.PodDNSConfigOption(name="ndots", value="2"),
            core_pb2.PodDNSConfigOption(name="edns0"),
        ],
    )
    found = resolver(config=config)
    assert found.nameservers == ("10.96.0.10", "1.1.1.1")
    assert found.searches[-1] == "mine.example" and found.searches.count("cluster.local") == 1
    assert found.options == ("ndots:2", "edns0")
    assert resolver("None", config=config).nameservers == ("1.1.1.1", "10.96.0.10")


def test_at_most_three_nameservers() -> None:
    many = core_pb2.PodDNSConfig(nameservers=[f"1.1.1.{number}" for number in range(5)])
    assert len(resolver(config=many).nameservers) == 3


def test_hosts_holds_the_pod_and_its_aliases() -> None:
    spec = core_pb2.PodSpec(
        subdomain="db", hostAliases=[core_pb2.HostAlias(ip="1.2.3.4", hostnames=["foo.example", "foo"])]
    )
    pod = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(namespace="shop", name="db-0"), spec=spec)
    lines = hosts(pod, ["10.244.1.2"], "db-0", "cluster.local").splitlines()
    assert "10.244.1.2\tdb-0.db.shop.svc.cluster.local\tdb-0" in lines
    assert "1.2.3.4\tfoo.example\tfoo" in lines
    assert "127.0.0.1\tlocalhost" in lines


def test_a_resolver_on_the_nodes_loopback_is_asked_through_the_relay() -> None:
    docker = Resolver.parse("nameserver 127.0.0.11\nnameserver 8.8.8.8\noptions ndots:0\n")
    assert docker.loopback() == "127.0.0.11"
    assert docker.reachable("169.254.20.10").nameservers == ("169.254.20.10", "8.8.8.8")
    assert NODE.loopback() == ""
    assert NODE.reachable("169.254.20.10") == NODE
