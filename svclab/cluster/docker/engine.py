"""The docker engine, through its SDK: what of a cluster is there, and making and removing it."""

from collections.abc import Mapping, Sequence
from typing import Any

from svclab.cluster.addresses import Plan
from svclab.cluster.docker import names
from svclab.cluster.docker.archives import Folders, packed, read_folder
from svclab.cluster.docker.connection import connect, told
from svclab.cluster.docker.containers import API_PORT, STATE, Container
from svclab.cluster.errors import ClusterError
from svclab.cluster.state import StateFolder

_KEPT_LINES = 1000  # of the log of a container that is removed


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
