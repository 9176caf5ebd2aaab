"""A cluster as tests use it: everything goes through the `svclab` command, as a user would type it."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from svclab.client import SyncClient
from svclab.cluster.access import client_of
from svclab.cluster.state import StateFolder

ROOT = Path(__file__).parents[2]
SVCLAB = str(Path(sys.executable).with_name("svclab"))
QUICKSTART = ROOT / "examples" / "quickstart.yaml"
T = TypeVar("T")

# Prints the answer of each of N requests, a new connection each; a failed one as `!reason`.
HTTP_CLIENT = """
import sys, urllib.request
for _ in range(int(sys.argv[2])):
    try:
        print(urllib.request.urlopen(sys.argv[1], timeout=3).read().decode().strip())
    except OSError as error:
        print("!", str(error).replace(chr(10), " "), sep="")
"""


def eventually(what: Callable[[], T], *, within: float = 10.0) -> T:
    """The first true value of `what`, which may raise AssertionError until then."""
    deadline = time.monotonic() + within
    while True:
        try:
            value = what()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            if value:
                return value
            assert time.monotonic() < deadline, f"not within {within} s: {what.__name__} is {value!r}"
        time.sleep(0.02)


@dataclass
class Cluster:
    """One cluster by name, in a state home of its own.

    `user` is put before every command: setpriv ... `python` is the interpreter where its machines are.
    """

    name: str
    state_home: Path
    user: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    python: str = sys.executable

    @property
    def folder(self) -> Path:
        """The cluster's state folder."""
        return self.state_home / "svclab" / self.name

    @property
    def env(self) -> dict[str, str]:
        """The environment of every command."""
        own = {"XDG_STATE_HOME": str(self.state_home), "SVCLAB_CLUSTER": self.name}
        return os.environ | own | self.environment

    def client(self) -> SyncClient:
        """A client of its API server."""
        return client_of(StateFolder(self.folder))

    def run(
        self, *arguments: str, check: bool = True, stdin: str = "", timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Runs `svclab ARGUMENTS`."""
        command = [*self.user, SVCLAB, *arguments]
        done = subprocess.run(
            command, env=self.env, cwd=ROOT, input=stdin, text=True, capture_output=True, timeout=timeout, check=False
        )
        if check:
            assert done.returncode == 0, f"svclab {' '.join(arguments)}: {done.returncode}: {done.stderr}{done.stdout}"
        return done

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts `svclab ARGUMENTS` and does not wait; its stdout is a pipe."""
        return subprocess.Popen(
            [*self.user, SVCLAB, *arguments], env=self.env, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )

    def svclab(self, *arguments: str, stdin: str = "") -> str:
        """The output of `svclab ARGUMENTS`, which must succeed."""
        return self.run(*arguments, stdin=stdin).stdout

    def apply(self, manifest: str) -> str:
        """Applies YAML text."""
        return self.svclab("apply", "-f", "-", stdin=manifest)

    def json(self, *arguments: str) -> Any:
        """The object or list that `svclab get ARGUMENTS` shows."""
        return json.loads(self.svclab("get", *arguments, "-o", "json"))

    def status(self) -> Any:
        """`svclab status` as JSON."""
        return json.loads(self.svclab("status", "-o", "json"))

    def pid(self, process: str) -> int:
        """The pid of a process that `svclab status` lists; waits for one that is just restarting."""

        def find() -> int:
            return next(int(item["pid"]) for item in self.status()["processes"] if item["name"] == process)

        return eventually(find)

    def agents(self) -> list[Any]:
        """The node agents' processes as `svclab status` shows them."""
        status = self.status()
        names = {f"{node['name']}-agent" for node in status["nodes"]}
        return [process for process in status["processes"] if process["name"] in names]

    def node_address(self, node: str) -> str:
        """A node's first address."""
        return next(str(item["addresses"][0]) for item in self.status()["nodes"] if item["name"] == node)

    def cluster_ip(self, service: str) -> str:
        """A Service's ClusterIP."""
        return str(self.json("service", service)["spec"]["clusterIP"])

    def ask(self, where: Sequence[str], url: str, count: int = 30) -> Counter[str]:
        """Answers of so many requests: `where` is ("outside",), ("exec", POD) or ("node", "exec", NODE)."""
        python = "python3" if where[0] == "exec" else self.python
        return Counter(self.svclab(*where, "--", python, "-c", HTTP_CLIENT, url, str(count)).splitlines())

    def wait_ready(self, selector: str, *, within: int = 20) -> None:
        """Waits until the pods with these labels are Ready."""
        self.svclab("wait", "--for=condition=Ready", "pod", "-l", selector, f"--timeout={within}s")


def pods_manifest(app: str, count: int, image: str = "svclab/echo") -> str:
    """`count` pods APP-1, APP-2, ... with the label app=APP, answering on port 8080."""
    pod = """
apiVersion: v1
kind: Pod
metadata: {{name: {app}-{number}, labels: {{app: {app}}}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {{name: main, image: {image}, ports: [{{containerPort: 8080}}]}}
"""
    return "---".join(pod.format(app=app, number=number, image=image) for number in range(1, count + 1))


def service_manifest(app: str, kind: str = "ClusterIP", name: str = "") -> str:
    """A Service in front of the pods with label app=APP, on port 80."""
    return f"""
---
apiVersion: v1
kind: Service
metadata: {{name: {name or app}}}
spec:
  type: {kind}
  selector: {{app: {app}}}
  ports: [{{port: 80, targetPort: 8080}}]
"""
