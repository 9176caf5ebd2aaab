"""Where in its state folder a cluster keeps what. No I/O is done here."""

import os
from pathlib import Path
from typing import NamedTuple


def state_home() -> Path:
    """Where all clusters of this user live: $XDG_STATE_HOME/svclab."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base).absolute() / "svclab"


class StatePaths(NamedTuple):
    """The files and folders below `root`."""

    root: Path

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.root.name

    @property
    def api_socket(self) -> Path:
        """Where clients find the API server: a symbolic link to the socket that it listens on."""
        return self.root / "api.sock"

    @property
    def api_listener(self) -> Path:
        """The socket of the API server, in a folder of its own that can be hidden from a node as a whole."""
        return self.root / "api" / "api.sock"

    @property
    def endpoint(self) -> Path:
        """Where an API server that answers on TCP is, and the administrator's credentials (svclab.client.endpoint)."""
        return self.root / "endpoint"

    @property
    def supervisor_socket(self) -> Path:
        """Where the supervisor takes requests, one JSON line each."""
        return self.root / "supervisor.sock"

    @property
    def store(self) -> Path:
        """What the API server keeps."""
        return self.root / "store"

    @property
    def config_file(self) -> Path:
        """The cluster's configuration with every choice made."""
        return self.root / "cluster.json"

    def log(self, process: str) -> Path:
        """The log of a process: `apiserver`, `node-1`, ..."""
        return self.root / "logs" / f"{process}.log"

    def lock(self, process: str) -> Path:
        """The file whose lock a process holds while it lives (locks.py)."""
        return self.root / "run" / f"{process}.lock"

    def node(self, node: str) -> Path:
        """The folder of one node's agent."""
        return self.root / "nodes" / node

    @property
    def cloud(self) -> Path:
        """What the cloud keeps: who has which address."""
        return self.root / "cloud"
