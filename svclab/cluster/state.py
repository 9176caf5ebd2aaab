"""A cluster's state folder: all that outlives its processes, and the files by which they meet."""

import json
import os
import shutil
from contextlib import suppress

from svclab.cluster import locks
from svclab.cluster.config import ClusterConfig, with_nodes
from svclab.cluster.config_document import from_document, to_document
from svclab.cluster.errors import ClusterError
from svclab.cluster.state_paths import StatePaths, state_home

INIT, SUPERVISOR, API_SERVER = "init", "supervisor", "apiserver"
PROCESSES = (INIT, SUPERVISOR, API_SERVER)  # those that are no machine's
SOCKET_PATH_LIMIT = 107  # bytes of sun_path, unix(7)
ROOM = 4 << 20  # bytes on the disk that a cluster needs to come up


class StateFolder(StatePaths):
    """The folder of one cluster, readable by its owner alone."""

    @classmethod
    def of(cls, name: str) -> "StateFolder":
        """The folder of the cluster `name`, whether or not it exists."""
        return cls(state_home() / name)

    def pid(self, process: str) -> int | None:
        """The pid of a living process of the cluster in the caller's pid namespace; None if it does not run."""
        return locks.holder(self.lock(process))

    def held(self) -> list[str]:
        """For the supervisor: the living processes but itself and those outside of the cluster (their pids are 0)."""
        names = [path.stem for path in (self.root / "run").glob("*.lock")]
        return [name for name in names if name != SUPERVISOR and self.pid(name)]

    def exists(self) -> bool:
        """Whether a cluster of this name has been made and not deleted."""
        return self.config_file.exists()

    def running(self) -> bool:
        """Whether the cluster's processes are there."""
        return self.pid(INIT) is not None

    def create(self) -> None:
        """Makes the folder. Raises ClusterError where that is not possible."""
        if len(os.fsencode(self.supervisor_socket)) > SOCKET_PATH_LIMIT:
            raise ClusterError(
                f"{self.root}: the path is too long for a Unix socket ({SOCKET_PATH_LIMIT} bytes): "
                "set XDG_STATE_HOME to a shorter one"
            )
        self._check_room()
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in ("api", "logs", "run", "nodes"):
                (self.root / part).mkdir(mode=0o700, exist_ok=True)
            self.api_socket.unlink(missing_ok=True)
            self.api_socket.symlink_to(self.api_listener.relative_to(self.root))
        except OSError as error:
            raise ClusterError(
                f"cannot make the state folder {self.root}: {error.strerror}: set XDG_STATE_HOME"
            ) from error

    def _check_room(self) -> None:
        disk = next(path for path in (self.root, *self.root.parents) if path.exists())
        free = shutil.disk_usage(disk).free
        if free < ROOM:
            raise ClusterError(
                f"the disk of {disk} is full: {free >> 10} KiB are free, a cluster needs {ROOM >> 10}: "
                "make room, or set XDG_STATE_HOME"
            )

    def save(self, config: ClusterConfig) -> None:
        """Writes the configuration, all or nothing. Raises ClusterError where that is not possible."""
        draft = self.config_file.with_suffix(".new")
        try:
            draft.write_text(json.dumps(to_document(config), indent=2) + "\n")
            draft.replace(self.config_file)
        except OSError as error:
            raise ClusterError(f"cannot write {self.config_file}: {error.strerror}") from error

    def load(self) -> ClusterConfig:
        """The stored configuration. Raises ClusterError if there is no such cluster or its file is damaged."""
        try:
            return from_document(json.loads(self.config_file.read_text()))
        except FileNotFoundError:
            raise ClusterError(f"no cluster {self.name!r}: start it with `svclab up --name {self.name}`") from None
        except (ValueError, ClusterError) as error:
            raise ClusterError(
                f"{self.config_file} is damaged: {error}: remove it with `svclab down --name {self.name} --delete`"
            ) from error

    def load_or_default(self) -> ClusterConfig:
        """The stored configuration, or where it is damaged one with the default node names: enough to clean up."""
        try:
            return self.load()
        except ClusterError:
            return ClusterConfig(self.name, with_nodes(250))

    def clear_runtime(self) -> None:
        """Removes what only a running cluster needs. Call it when nothing of the cluster runs."""
        for socket in (self.api_listener, self.supervisor_socket):
            socket.unlink(missing_ok=True)

    def forget(self, node: str) -> None:
        """Removes the state and the log of a node that is no more."""
        shutil.rmtree(self.node(node), ignore_errors=True)
        for process in (node, f"{node}-agent"):
            self.log(process).unlink(missing_ok=True)
            self.lock(process).unlink(missing_ok=True)

    def discard(self) -> None:
        """Forgets a cluster that never came up, all but what its logs say."""
        for file in (self.config_file, self.api_socket):
            file.unlink(missing_ok=True)
        for part in ("api", "cloud", "endpoint", "nodes", "run", "store"):
            shutil.rmtree(self.root / part, ignore_errors=True)
        for log in (self.root / "logs").glob("*"):
            if not log.stat().st_size:
                log.unlink()
        with suppress(OSError):  # there are logs to read
            (self.root / "logs").rmdir()
            self.root.rmdir()

    def delete(self) -> None:
        """Removes the folder and all state."""
        shutil.rmtree(self.root, ignore_errors=True)


def all_folders() -> list[StateFolder]:
    """The folders of all clusters of this user, by name."""
    home = state_home()
    if not home.is_dir():
        return []
    return [folder for path in sorted(home.iterdir()) if (folder := StateFolder(path)).exists()]
