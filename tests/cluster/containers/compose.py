"""The cluster of compose/compose.yaml as tests use it: `svclab` by a context, and docker where no API is asked."""

import os
import shutil
import subprocess
from dataclasses import dataclass

from svclab.client import SyncClient
from svclab.client.endpoint import Endpoint
from tests.cluster.harness import ROOT, SVCLAB, Cluster

FILE = ROOT / "compose" / "compose.yaml"
V2 = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
COMPOSE = ["docker", "compose"] if V2 else ["docker-compose"]


def present() -> bool:
    """Whether docker compose, new or old, is on this machine."""
    return V2 or shutil.which("docker-compose") is not None


@dataclass
class ComposeCluster(Cluster):
    """One project of the compose file; its name is the context's too."""

    python: str = "python3"

    @property
    def env(self) -> dict[str, str]:
        return super().env | {"XDG_CONFIG_HOME": str(self.state_home), "COMPOSE_PROJECT_NAME": self.name}

    def client(self) -> SyncClient:
        return SyncClient(Endpoint(self.state_home / "svclab" / "contexts" / self.name).target())

    def compose(self, *arguments: str) -> str:
        """The output of docker compose, which must succeed."""
        command = [*COMPOSE, "-f", str(FILE), *arguments]
        done = subprocess.run(command, env=self.env, text=True, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}{done.stdout}"
        return done.stdout

    def container(self, service: str, number: int = 1) -> str:
        """The id of a service's container."""
        names = subprocess.run(
            [
                "docker",
                "ps",
                "-a",
                "--format",
                "{{.ID}} {{.Names}}",
                "--filter",
                f"name=^{self.name}[-_]{service}[-_]{number}$",
            ],
            text=True,
            capture_output=True,
            check=True,
        ).stdout.split()
        return names[0]

    def run(
        self, *arguments: str, check: bool = True, stdin: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self._command(*arguments),
            env=self.env,
            cwd=ROOT,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}: {done.stderr}{done.stdout}"
        return done

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(self._command(*arguments), env=self.env, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def _command(self, *arguments: str) -> list[str]:
        """`outside` and `node exec` mean containers here."""
        if arguments[0] == "outside":
            return ["docker", "exec", "-i", self.container("outside"), *arguments[2:]]
        if arguments[:2] == ("node", "exec"):
            number = int(arguments[2].removeprefix("node-"))
            return ["docker", "exec", "-i", self.container("node", number), *arguments[4:]]
        return [SVCLAB, *arguments]

    def node_address(self, node: str) -> str:
        return str(self.json("node", node)["status"]["addresses"][0]["address"])


def free_network() -> str:
    """The first two bytes of a subnet that no other run of these tests uses."""
    return f"10.{212 + os.getpid() % 40}"


def published(cluster: ComposeCluster, service: str, port: int, number: int = 1) -> str:
    """host:port of 127.0.0.1 that leads to a port of a service's container."""
    return cluster.compose("port", "--index", str(number), service, str(port)).strip()
