"""What others say in a Service's status."""

from typing import Any

from protos.jsonform import to_json
from protos.kinds import SERVICES
from tests.unit.registry.harness import Cluster

STATUS: dict[str, Any] = {
    "loadBalancer": {
        "ingress": [
            {
                "hostname": "lb.example.com",
                "ports": [
                    {"port": 80, "protocol": "TCP"},
                    {"port": 443, "protocol": "TCP", "error": "example.com/no-certificate"},
                ],
            }
        ]
    },
    "conditions": [
        {
            "type": "example.com/Ready",
            "status": "True",
            "reason": "Served",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    ],
}


def test_what_a_cloud_says_is_kept(cluster: Cluster) -> None:
    cluster.service("{type: LoadBalancer, ports: [{name: web, port: 80}, {name: tls, port: 443}]}")
    cluster.patch(SERVICES, "web", {"status": STATUS}, subresource="status")
    assert to_json(cluster.get(SERVICES, "web"))["status"] == STATUS
