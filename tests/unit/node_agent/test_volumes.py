from pathlib import Path

import pytest

from node_agent.pods import volumes
from node_agent.pods.environment import ConfigError, PodFacts
from node_agent.pods.folders import PodFolder
from protos.kubernetes import core_pb2, meta_pb2

CONFIG = core_pb2.ConfigMap(data={"a.conf": "A", "b.conf": "B"}, binaryData={"raw": b"\x00"})


def config_map(*items: tuple[str, str], name: str = "cm", optional: bool = False) -> core_pb2.VolumeSource:
    source = core_pb2.ConfigMapVolumeSource(
        localObjectReference=core_pb2.LocalObjectReference(name=name),
        items=[core_pb2.KeyToPath(key=key, path=path) for key, path in items],
        optional=optional,
    )
    return core_pb2.VolumeSource(configMap=source)


def laid(tmp_path: Path, source: core_pb2.VolumeSource) -> dict[str, bytes]:
    pod = core_pb2.Pod(
        metadata=meta_pb2.ObjectMeta(name="p", labels={"app": "web"}),
        spec=core_pb2.PodSpec(volumes=[core_pb2.Volume(name="v", volumeSource=source)]),
    )
    folder = PodFolder(tmp_path)
    volumes.lay(pod, folder, PodFacts(pod, [], []), {"cm": CONFIG}.get)
    path = folder.volume("v")
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_config_map_is_a_file_a_key(tmp_path: Path) -> None:
    assert laid(tmp_path, config_map()) == {"a.conf": b"A", "b.conf": b"B", "raw": b"\x00"}


def test_items_choose_keys_and_paths(tmp_path: Path) -> None:
    assert laid(tmp_path, config_map(("a.conf", "sub/x"))) == {"sub/x": b"A"}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (config_map(name="none"), 'configmap "none" not found'),
        (config_map(("none", "x")), "non-existent config key: none"),
        (config_map(("a.conf", "../../x")), "leads out of its volume"),
        (core_pb2.VolumeSource(hostPath=core_pb2.HostPathVolumeSource(path="/root")), "hostPath is not supported"),
    ],
)
def test_what_cannot_be_had(tmp_path: Path, source: core_pb2.VolumeSource, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        laid(tmp_path, source)


def test_optional_things_may_be_missing(tmp_path: Path) -> None:
    assert laid(tmp_path, config_map(name="none", optional=True)) == {}


def test_projected_volumes_merge(tmp_path: Path) -> None:
    labels = core_pb2.DownwardAPIVolumeFile(
        path="labels", fieldRef=core_pb2.ObjectFieldSelector(fieldPath="metadata.labels")
    )
    reference = core_pb2.LocalObjectReference(name="cm")
    source = core_pb2.ProjectedVolumeSource(
        sources=[
            core_pb2.VolumeProjection(configMap=core_pb2.ConfigMapProjection(localObjectReference=reference)),
            core_pb2.VolumeProjection(downwardAPI=core_pb2.DownwardAPIProjection(items=[labels])),
        ]
    )
    files = laid(tmp_path, core_pb2.VolumeSource(projected=source))
    assert files["labels"] == b'app="web"' and files["a.conf"] == b"A"


def test_mounts_stay_inside_their_volume(tmp_path: Path) -> None:
    folder = PodFolder(tmp_path)
    folder.volume("v").mkdir(parents=True)
    mount = core_pb2.VolumeMount(name="v", mountPath="/data/", subPath="a/b", readOnly=True)
    found = volumes.binds(core_pb2.Container(volumeMounts=[mount]), folder)
    assert found == [(str(folder.volume("v") / "a/b"), "/data", True)]
    mount.subPath = "../../etc"
    with pytest.raises(ConfigError, match="leads out"):
        volumes.binds(core_pb2.Container(volumeMounts=[mount]), folder)
