"""Kubernetes' protobuf form of files."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protos.kubernetes import core_pb2
from svclab.cli import envelope
from svclab.cli.main import run

POD = core_pb2.Pod(spec=core_pb2.PodSpec(nodeName="node-1"))
SERVICE = core_pb2.Service(spec=core_pb2.ServiceSpec(clusterIP="10.96.0.7"))


def test_one_object_is_kubernetes_bytes() -> None:
    """What a server answers to Accept: application/vnd.kubernetes.protobuf: an Unknown around the object."""
    assert envelope.encode([SERVICE]) == (
        b"k8s\x00\x0a\x0d\x0a\x02v1\x12\x07Service\x12"
        + bytes([len(SERVICE.SerializeToString())])
        + SERVICE.SerializeToString()
    )


@pytest.mark.parametrize("objects", [[POD], [SERVICE], [SERVICE, SERVICE], [POD, SERVICE]])
def test_what_is_written_is_read(objects: list[Any]) -> None:
    assert envelope.decode(envelope.encode(objects)) == objects


def test_several_of_one_kind_are_its_list() -> None:
    assert b"ServiceList" in envelope.encode([SERVICE, SERVICE])


@given(st.binary(max_size=60))
def test_damaged_files_are_refused(data: bytes) -> None:
    try:
        envelope.decode(envelope.MAGIC + data)
    except ValueError as error:
        assert str(error)


def test_convert_there_and_back(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "web.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}]}}"
    )
    assert run(["convert", "-f", str(tmp_path / "web.yaml"), "-o", "pb"]) == 0
    (tmp_path / "web.pb").write_bytes(capsysbinary.readouterr().out)
    assert run(["convert", "-f", str(tmp_path / "web.pb")]) == 0
    assert capsysbinary.readouterr().out.decode() == (
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n    targetPort: 0\n"
        "status:\n  loadBalancer: {}\n"
    )
