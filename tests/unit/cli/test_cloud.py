"""`svclab cloud`: what it shows of the cloud, and how it sets faults."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from protos.kinds import CONFIG_MAPS, SERVICES
from svclab.cli.fake_client import FakeClient
from tests.unit.cli.conftest import Run

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {type: LoadBalancer, ports: [{port: 80, protocol: TCP}]}
status: {loadBalancer: {ingress: [{ip: 10.0.0.193, ipMode: VIP}]}}
---
apiVersion: v1
kind: Service
metadata: {name: late, namespace: shop, annotations: {cloud.svclab.dev/fault: quota}}
spec: {type: LoadBalancer, ports: [{port: 53, protocol: UDP}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cloud-status, namespace: kube-system}
data:
  default.web: '{"mode": "vip", "nodes": {"10.0.0.193": {"healthy": ["node-2"], "unhealthy": ["node-1"]}}}'
"""


@pytest.fixture
def cloud(svclab: Run, fake: FakeClient, objects: Callable[[str], list[Any]]) -> Run:
    for obj in objects(SERVICE):
        fake.create(obj)
    return svclab


def test_status_shows_every_address_with_its_nodes(cloud: Run) -> None:
    lines = cloud("cloud", "status").out.splitlines()
    assert sorted(line.split() for line in lines[1:]) == [
        ["default", "web", "vip", "10.0.0.193", "80/TCP", "node-2", "node-1", "<none>"],
        ["shop", "late", "<none>", "<pending>", "53/UDP", "<none>", "<none>", "quota"],
    ]
    assert {row["name"] for row in json.loads(cloud("cloud", "status", "-o", "json").out)} == {"web", "late"}


def test_status_of_a_cluster_without_load_balancers(svclab: Run) -> None:
    assert "No services of type LoadBalancer." in svclab("cloud", "status").err


def test_a_fault_of_one_service_is_its_annotation(cloud: Run, fake: FakeClient) -> None:
    assert cloud("cloud", "fault", "slow=5", "web").out == "service/web: slow=5\n"
    assert fake.get(SERVICES, "web", "default").metadata.annotations["cloud.svclab.dev/fault"] == "slow=5"
    assert cloud("cloud", "fault", "none", "late", "-n", "shop").out == "service/late: no fault\n"
    assert not fake.get(SERVICES, "late", "shop").metadata.annotations


def test_a_fault_of_all_is_a_config_map(cloud: Run, fake: FakeClient) -> None:
    for fault, data in (("quota", {"fault": "quota"}), ("error=3s", {"fault": "error=3s"}), ("none", {})):
        assert cloud("cloud", "fault", fault).code == 0
        assert fake.get(CONFIG_MAPS, "cloud-faults", "kube-system").data == data


def test_each_readdress_is_another_one(cloud: Run) -> None:
    assert cloud("cloud", "fault", "readdress").out != cloud("cloud", "fault", "readdress").out


@pytest.mark.parametrize("fault", ["", "rain", "slow=soon", "error=-1", "quota=3"])
def test_an_unknown_fault_is_refused_with_one_line(cloud: Run, fault: str) -> None:
    outcome = cloud("cloud", "fault", fault)
    assert outcome.code != 0
    assert outcome.err.startswith(f'error: fault "{fault}" must be slow[=SECONDS], error[=SECONDS]')
