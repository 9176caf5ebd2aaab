"""The files behind a pod's volumes, in the pod's folder: emptyDir, configMap, downwardAPI, and projected of these."""

from collections.abc import Iterable
from pathlib import Path

from node_agent.pods.environment import ConfigError, FindConfigMap, PodFacts, pod_field, resource_field
from node_agent.pods.folders import PodFolder
from protos.kubernetes import core_pb2

Files = dict[str, bytes]  # path inside the volume to content


def lay(pod: core_pb2.Pod, folder: PodFolder, facts: PodFacts, find_config_map: FindConfigMap) -> None:
    """Makes the volumes that are not there yet. Raises ConfigError for one that cannot be had here."""
    for volume in pod.spec.volumes:
        path = folder.volume(volume.name)
        if path.exists():
            continue
        source = volume.volumeSource
        if source.HasField("emptyDir"):
            path.mkdir(parents=True)
            path.chmod(0o777)
        else:
            _write(path, _files(volume.name, source, facts, find_config_map))


def binds(container: core_pb2.Container, folder: PodFolder) -> list[tuple[str, str, bool]]:
    """(source, target, read-only) of the container's mounts. Raises ConfigError for a path out of its volume."""
    found = []
    for mount in container.volumeMounts:
        volume = folder.volume(mount.name)
        source = volume / mount.subPath
        if not source.resolve().is_relative_to(volume.resolve()):
            raise ConfigError(f'subPath "{mount.subPath}" leads out of volume "{mount.name}"')
        if mount.subPath and not source.exists():
            source.mkdir(parents=True)
        found.append((str(source), "/" + mount.mountPath.strip("/"), mount.readOnly))
    return found


def config_maps_of(pod: core_pb2.Pod) -> set[str]:
    """The ConfigMaps that the pod's volumes and variables name."""
    names = set()
    for volume in pod.spec.volumes:
        source = volume.volumeSource
        names.add(source.configMap.localObjectReference.name)
        names |= {part.configMap.localObjectReference.name for part in source.projected.sources}
    for container in (*pod.spec.initContainers, *pod.spec.containers):
        names |= {source.configMapRef.localObjectReference.name for source in container.envFrom}
        names |= {one.valueFrom.configMapKeyRef.localObjectReference.name for one in container.env}
    return names - {""}


def _files(name: str, source: core_pb2.VolumeSource, facts: PodFacts, find_config_map: FindConfigMap) -> Files:
    if source.HasField("configMap"):
        wanted = source.configMap
        return _config_map(wanted.localObjectReference.name, wanted.items, wanted.optional, find_config_map)
    if source.HasField("downwardAPI"):
        return _downward(source.downwardAPI.items, facts)
    if source.HasField("projected"):
        files: Files = {}
        for part in source.projected.sources:
            files |= _projection(name, part, facts, find_config_map)
        return files
    kind = next((field.name for field, _ in source.ListFields()), "of no kind")
    raise ConfigError(f'volume "{name}": {kind} is not supported; use emptyDir, configMap, downwardAPI or projected')


def _projection(name: str, part: core_pb2.VolumeProjection, facts: PodFacts, find: FindConfigMap) -> Files:
    if part.HasField("configMap"):
        return _config_map(
            part.configMap.localObjectReference.name, part.configMap.items, part.configMap.optional, find
        )
    if part.HasField("downwardAPI"):
        return _downward(part.downwardAPI.items, facts)
    raise ConfigError(f'volume "{name}": only configMap and downwardAPI can be projected')


def _config_map(name: str, items: Iterable[core_pb2.KeyToPath], optional: bool, find: FindConfigMap) -> Files:
    found = find(name)
    if found is None:
        if optional:
            return {}
        raise ConfigError(f'configmap "{name}" not found')
    content = {key: value.encode() for key, value in found.data.items()} | dict(found.binaryData)
    paths = {item.key: item.path for item in items} or {key: key for key in content}
    missing = sorted(paths.keys() - content.keys())
    if missing and not optional:
        raise ConfigError(f'configmap "{name}" references non-existent config key: {", ".join(missing)}')
    return {path: content[key] for key, path in paths.items() if key in content}


def _downward(items: Iterable[core_pb2.DownwardAPIVolumeFile], facts: PodFacts) -> Files:
    files: Files = {}
    for item in items:
        if item.HasField("fieldRef"):
            text = pod_field(item.fieldRef.fieldPath, facts)
        else:
            name = item.resourceFieldRef.containerName
            container = next((one for one in facts.pod.spec.containers if one.name == name), core_pb2.Container())
            text = resource_field(item.resourceFieldRef.resource, container)
        files[item.path] = text.encode()
    return files


def _write(path: Path, files: Files) -> None:
    path.mkdir(parents=True)
    for name, content in files.items():
        target = path / name
        if not target.resolve().is_relative_to(path.resolve()):
            raise ConfigError(f'the path "{name}" leads out of its volume')
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
