"""The manifest of the cluster's DNS is one that the API takes."""

from pathlib import Path

import yaml

import cluster_dns
from protos.jsonform import from_object
from protos.kubernetes.core_pb2 import Pod, Service


def test_the_manifest_has_no_unknown_field_and_its_pods_are_selected() -> None:
    warnings: list[str] = []
    text = Path(cluster_dns.__file__).with_name("manifest.yaml").read_text()
    service, *pods = (from_object(document, warnings=warnings) for document in yaml.safe_load_all(text))
    assert not warnings
    assert isinstance(service, Service)
    for pod in pods:
        assert isinstance(pod, Pod)
        assert service.spec.selector.items() <= pod.metadata.labels.items()
