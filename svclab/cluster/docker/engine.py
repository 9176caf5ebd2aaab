"""The docker engine, through its SDK: what of a cluster is there, and making and removing it."""

import io
import os
import socket
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from svclab.client.credentials import CERTIFICATE_FILE
from svclab.cluster.addresses import Plan
from svclab.cluster.docker import names
from svclab.cluster.docker.containers import API_PORT, STATE, Container
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import StateFolder

_KEPT_LINES = 1000  # of the log of a container that is removed
_TIMEOUT = 60  # seconds, of one request to the engine
Folders = Mapping[str, Mapping[str, bytes]]  # by name, the files of each by name
_UNIX = "http+unix://"
_NETNS = "or use --driver netns, which needs no engine"


class Engine:
    """One engine and one cluster on it. Every method raises ClusterError."""

    def __init__(self, state: StateFolder) -> None:
        self.state = state
        self.api = connect()

    def containers(self) -> Mapping[str, Mapping[str, Any]]:
        """The cluster's containers by part, as the engine lists them (State: running, paused, exited, ...)."""
        with told():
            found = self.api.containers(all=True, filters={"label": names.selector(self.state)})
        return {item["Labels"][names.PART]: item for item in found if names.PART in item["Labels"]}

    def strangers(self) -> Sequence[str]:
        """State folders of other clusters on this engine that have the same name."""
        with told():
            found = self.api.containers(all=True, filters={"label": f"{names.CLUSTER}={self.state.name}"})
        folders = {item["Labels"].get(names.FOLDER, "") for item in found}
        return sorted(folders - {str(self.state.root)})

    def make_network(self, plan: Plan) -> None:
        import docker

        pools = [docker.types.IPAMPool(str(subnet), gateway=str(subnet[Plan.ROUTER])) for subnet in plan.subnets]
        with told(f"network {names.name_of(self.state.name)}"):
            self.api.create_network(
                names.name_of(self.state.name),
                ipam=docker.types.IPAMConfig(pool_configs=pools),
                enable_ipv6=any(subnet.version == 6 for subnet in plan.subnets),
                labels=dict(names.labels(self.state)),
                check_duplicate=True,
            )

    def create(self, image: str, item: Container, plan: Plan) -> None:
        """Makes a container, and its volume if it has none yet; starts nothing."""
        own = names.name_of(self.state.name, item.part)
        marks = dict(names.labels(self.state, item.part))
        if item.volume:
            self._make_volume(own, marks)
        with told(f"container {own}"):
            self.api.create_container(
                image,
                list(item.command),
                name=own,
                hostname=item.part,
                user=item.user or None,
                labels=marks,
                ports=[API_PORT] if item.publish else [],
                host_config=self._host_config(item, own),
                networking_config=self._place(item, plan),
                stop_signal=item.stop_signal,
            )

    def _make_volume(self, own: str, marks: Mapping[str, str]) -> None:
        """Makes a volume, or finds what the part has kept; never that of another cluster."""
        with told(f"volume {own}"):
            found = self.api.create_volume(own, labels=dict(marks))
        if (found.get("Labels") or {}).get(names.FOLDER) != marks[names.FOLDER]:
            owner = (found.get("Labels") or {}).get(names.FOLDER, "somebody else")
            raise ClusterError(f"volume {own} belongs to {owner}: remove it, or choose another --name")

    def _host_config(self, item: Container, own: str) -> Any:
        return self.api.create_host_config(
            binds=[f"{own}:{item.volume}"] if item.volume else [],
            cap_drop=["ALL"] if item.user else [],
            cap_add=list(item.capabilities),
            security_opt=["no-new-privileges"] if item.user else ["apparmor=unconfined"],
            sysctls=dict(item.sysctls),
            read_only=item.read_only,
            tmpfs=dict(item.tmpfs),
            port_bindings={API_PORT: ("127.0.0.1", item.publish)} if item.publish else {},
            restart_policy={"Name": "unless-stopped"},
        )

    def _place(self, item: Container, plan: Plan) -> Any:
        addresses = plan.addresses(item.number)
        place = self.api.create_endpoint_config(
            ipv4_address=next((one for one in addresses if ":" not in one), None),
            ipv6_address=next((one for one in addresses if ":" in one), None),
            aliases=[item.part],
        )
        return self.api.create_networking_config({names.name_of(self.state.name): place})

    def start(self, part: str) -> None:
        with told(f"container {names.name_of(self.state.name, part)}"):
            self.api.start(names.name_of(self.state.name, part))

    def kill(self, part: str) -> None:
        with told(part):
            self.api.kill(names.name_of(self.state.name, part))

    def pause(self, part: str) -> None:
        with told(part):
            self.api.pause(names.name_of(self.state.name, part))

    def unpause(self, part: str) -> None:
        with told(part):
            self.api.unpause(names.name_of(self.state.name, part))

    def run(self, part: str, command: Sequence[str]) -> None:
        """Runs a command in a container. Raises ClusterError with what it printed if it fails."""
        with told(part):
            made = self.api.exec_create(names.name_of(self.state.name, part), list(command))
            output = self.api.exec_start(made["Id"])
            code = self.api.exec_inspect(made["Id"])["ExitCode"]
        if code:
            raise ClusterError(f"{part}: {' '.join(command)}: {output.decode(errors='replace').strip()}")

    def read(self, part: str, folder: str) -> Mapping[str, bytes]:
        """The files of a folder in a container by name; none while there is no such folder."""
        return read_folder(self.api, names.name_of(self.state.name, part), folder)

    def write(self, part: str, folders: Folders) -> None:
        """Writes folders into the container's volume (STATE), readable by root alone; it need not run."""
        with told(part):
            self.api.put_archive(names.name_of(self.state.name, part), STATE, packed(folders))

    def remove(self, part: str) -> None:
        """Removes a container with its volume, dead or alive."""
        own = names.name_of(self.state.name, part)
        with told(own, absent=True):
            self.api.remove_container(own, force=True)
        with told(own, absent=True):
            self.api.remove_volume(own, force=True)

    def remove_containers(self) -> None:
        """Removes all containers of the cluster, and its network; keeps the end of their logs in the state folder."""
        for part, item in self.containers().items():
            with told(absent=True):
                self._keep_log(part)
                self.api.remove_container(item["Id"], force=True)
        with told():
            networks = self.api.networks(filters={"label": names.selector(self.state)})
        for item in networks:
            with told(absent=True):
                self.api.remove_network(item["Id"])

    def _keep_log(self, part: str) -> None:
        path = self.state.log(part)
        if path.parent.exists():
            path.write_bytes(self.api.logs(names.name_of(self.state.name, part), tail=_KEPT_LINES))

    def remove_volumes(self) -> None:
        """Removes all that the cluster's containers have kept."""
        with told():
            volumes = self.api.volumes(filters={"label": names.selector(self.state)})["Volumes"] or []
        for item in volumes:
            with told(absent=True):
                self.api.remove_volume(item["Name"], force=True)

    def image_of(self, part: str) -> str:
        """The image that a container was made from."""
        with told(part):
            return str(self.api.inspect_container(names.name_of(self.state.name, part))["Config"]["Image"])


def read_folder(api: Any, container: str, folder: str) -> Mapping[str, bytes]:
    """The files of a folder in a container by name; none while there is no such folder."""
    import docker

    try:
        chunks, _ = api.get_archive(container, folder)
        content = io.BytesIO(b"".join(chunks))
    except docker.errors.NotFound:
        return {}
    files = {}
    with tarfile.open(fileobj=content) as archive:
        for member in archive:
            if file := archive.extractfile(member):
                files[Path(member.name).name] = file.read()
    return files


def packed(folders: Folders) -> bytes:
    """A tar archive of folders, for root alone."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for folder, files in folders.items():
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o700
            archive.addfile(entry)
            for name in sorted(files, key=CERTIFICATE_FILE.__eq__):  # the certificate last: readers wait for it
                entry = tarfile.TarInfo(f"{folder}/{name}")
                entry.size, entry.mode = len(files[name]), 0o600
                archive.addfile(entry, io.BytesIO(files[name]))
    return content.getvalue()


def connect() -> Any:
    """The SDK's client of the engine that DOCKER_HOST names. Raises ClusterError that says what is missing."""
    try:
        import docker
        from docker.utils import kwargs_from_env, parse_host
    except ModuleNotFoundError:
        raise ClusterError(f"the docker driver needs its SDK: pip install 'svclab[docker]', {_NETNS}") from None
    try:
        _knock(str(parse_host(os.environ.get("DOCKER_HOST"))))
        api = docker.APIClient(version="auto", timeout=_TIMEOUT, **kwargs_from_env())
        api.ping()
    except PermissionError as error:
        raise ClusterError(
            f"no permission to use the docker engine: add yourself to the group docker or become root, {_NETNS}"
        ) from error
    except (OSError, docker.errors.DockerException) as error:
        raise ClusterError(
            f"no docker engine answers: start it (systemctl start docker) or set DOCKER_HOST, {_NETNS}"
        ) from error
    return api


def _knock(url: str) -> None:
    """Raises OSError where the engine's Unix socket refuses; the SDK would leave a socket of its own open then."""
    if url.startswith(_UNIX):
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(url.removeprefix(_UNIX))


@contextmanager
def told(what: str = "docker", *, absent: bool = False) -> Iterator[None]:
    """Turns the SDK's errors into ours; with `absent`, what is not there is no error."""
    import docker
    import requests

    try:
        yield
    except docker.errors.NotFound as error:
        if not absent:
            raise ClusterError(f"{what}: {error.explanation}") from error
    except docker.errors.APIError as error:
        raise ClusterError(f"{what}: {explained(str(error.explanation))}") from error
    except requests.exceptions.RequestException as error:
        raise ClusterError(f"{what}: the docker engine went away: {error}") from error


def explained(text: str) -> str:
    """The engine's words, and what to do where that is known."""
    if "Pool overlaps" in text:
        return f"{text}: set another networking.nodeSubnet in a --config file"
    if "port is already allocated" in text or "address already in use" in text:
        return f"{text}: another program has taken the port of the API server meanwhile; try again"
    if "is already in use by container" in text or "already exists" in text:
        return f"{text}: remove it, or choose another --name"
    return text
