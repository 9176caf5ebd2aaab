"""Cluster configurations: kind-style files in, the stored form out and in again, and errors that name the field."""

import json
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svclab.cluster.config import ClusterConfig, NodeConfig, new_node, with_nodes
from svclab.cluster.config_document import from_document, to_document
from svclab.cluster.errors import ConfigError

HEAD = {"kind": "Cluster", "apiVersion": "svclab/v1alpha1"}


def test_an_empty_document_is_the_default_cluster() -> None:
    config = from_document(HEAD)
    assert [node.name for node in config.nodes] == ["node-1", "node-2", "node-3"]
    assert config.networking.service_subnets == (ip_network("10.96.0.0/16"),)
    assert config.networking.node_port_range == (30000, 32767)
    assert config.store == "sqlite"


def test_a_cluster_without_nodes_stays_without() -> None:
    config = from_document(HEAD | {"nodes": []})
    assert from_document(to_document(config)).nodes == ()


def test_a_kind_file_is_read() -> None:
    config = from_document(
        HEAD
        | {
            "name": "dev",
            "nodes": [{"role": "control-plane"}, {"role": "worker", "labels": {"zone": "a"}}],
            "networking": {"ipFamily": "dual", "kubeProxyMode": "nftables", "nodePortRange": "31000-31010"},
            "timers": {"heartbeat": "500ms", "nodeMonitorGracePeriod": 3},
        }
    )
    assert config.nodes == (NodeConfig("node-1", 1), NodeConfig("node-2", 2, {"zone": "a"}))
    assert [subnet.version for subnet in config.networking.pod_subnets] == [4, 6]
    assert config.networking.node_port_range == (31000, 31010)
    assert (config.timers.heartbeat, config.timers.node_grace_period) == (0.5, 3.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "Clusters"}, "kind: must be 'Cluster'"),
        ({"name": "Dev"}, "name: 'Dev' is not a name"),
        ({"nodes": 3}, "nodes: must be a list, not 3"),
        ({"nodes": [{"labels": {"a": 1}}]}, "nodes[0].labels: 'a': 1: both must be strings"),
        ({"nodes": [{"rolle": "worker"}]}, "nodes[0].rolle: unknown field"),
        ({"nodes": [{"name": "apiserver"}]}, "nodes[0].name: 'apiserver' is reserved"),
        ({"nodes": [{"name": "a-agent"}]}, "nodes[0].name: 'a-agent' is reserved"),
        ({"nodes": [{"role": "etcd"}]}, "nodes[0].role: 'etcd' is none of worker, control-plane"),
        ({"nodes": [{"name": "a"}, {"name": "a"}]}, "nodes[1]: the name or number of 'a' again"),
        ({"networking": {"podSubnet": "10.0.0.0/33"}}, "networking.podSubnet: '10.0.0.0/33' does not appear"),
        ({"networking": {"podSubnet": "fd00::/64"}}, "networking.podSubnet: 'fd00::/64' does not fit ipFamily 'ipv4'"),
        (
            {"networking": {"podSubnet": "10.96.1.0/24"}},
            "networking.serviceSubnet: 10.96.0.0/16 overlaps with networking.podSubnet 10.96.1.0/24",
        ),
        (
            {"networking": {"nodePortAddresses": ["x"]}},
            "networking.nodePortAddresses: 'x' does not appear to be an IPv4 or",
        ),
        ({"networking": {"nodePortRange": "5-4"}}, "networking.nodePortRange: '5-4' is not a range"),
        ({"timers": {"heartbeat": "soon"}}, "timers.heartbeat: 'soon' is not a duration"),
        ({"timers": {"heartbeat": "60s"}}, "timers.nodeMonitorGracePeriod: must be longer than heartbeat"),
        ({"featureGates": {}}, "featureGates: unknown field"),
    ],
)
def test_an_error_names_the_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        from_document(HEAD | change)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_whether_all_is_masqueraded() -> None:
    assert not from_document(HEAD).networking.masquerade_all
    config = from_document(HEAD | {"networking": {"masqueradeAll": True}})
    assert config.networking.masquerade_all
    assert from_document(to_document(config)) == config


def test_where_node_ports_answer() -> None:
    for texts, wanted in (([], []), (["primary"], []), (["10.0.0.0/8", "::/0"], ["10.0.0.0/8", "::/0"])):
        config = from_document(HEAD | {"networking": {"nodePortAddresses": texts}})
        assert [*map(str, config.networking.node_port_addresses)] == wanted
        assert from_document(to_document(config)) == config


@pytest.mark.parametrize("document", [None, [], "Cluster", 7])
def test_what_is_no_mapping_is_refused(document: object) -> None:
    with pytest.raises(ConfigError):
        from_document(document)


NODES = st.lists(st.sampled_from(["", "a", "b", "node-2", "node-3"]), max_size=6)


@given(NODES, st.sampled_from(["ipv4", "ipv6", "dual"]), st.sampled_from(["sqlite", "memory"]))
def test_the_stored_form_is_read_back(names: list[str], family: str, store: str) -> None:
    config = from_document(HEAD | {"networking": {"ipFamily": family}, "store": store})
    nodes = config.nodes
    for name in names:
        if name not in {node.name for node in nodes}:
            nodes = (*nodes, new_node(nodes, name, {"k": name}))
    config = ClusterConfig(config.name, nodes, config.networking, config.timers, config.store)
    assert from_document(json.loads(json.dumps(to_document(config)))) == config
    assert len({node.number for node in nodes}) == len({node.name for node in nodes}) == len(nodes)


def test_a_new_node_takes_the_number_that_a_removed_one_left() -> None:
    nodes = tuple(node for node in with_nodes(3) if node.name != "node-2")
    assert new_node(nodes) == NodeConfig("node-2", 2)
    with pytest.raises(ConfigError, match="node 'node-1' exists already"):
        new_node(nodes, "node-1")
