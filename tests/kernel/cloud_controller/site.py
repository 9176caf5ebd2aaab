"""A small network in namespaces: a switch, a client, the cloud's machine and two nodes that only serve HTTP."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
CLIENT, CLOUD, NODES = "10.77.0.253", "10.77.0.252", ("10.77.0.2", "10.77.0.3")
POOL = "10.77.0.192/29"


class Machine:
    """A network namespace held by a sleeping process."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        self._holder.stdout.readline()  # the namespace is there
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def pid(self) -> int:
        return self._holder.pid

    def run(self, *command: str, timeout: float = 10.0) -> str:
        done = subprocess.run(self._within(command), capture_output=True, text=True, timeout=timeout, check=True)
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(self._within(command))
        self._started.append(process)
        return process

    def begin(self, *command: str) -> "subprocess.Popen[str]":
        """Starts what is spoken with over pipes; the caller ends it."""
        return subprocess.Popen(self._within(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self) -> None:
        for process in (*self._started, self._holder):
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()

    def _within(self, command: tuple[str, ...]) -> list[str]:
        return ["nsenter", "--net", "--target", str(self.pid), *command]


class Site:
    """All machines, cabled; leaves nothing behind."""

    def __init__(self) -> None:
        self.switch, self.client, self.cloud, *self.nodes = (Machine() for _ in range(5))

    def __enter__(self) -> "Site":
        self.switch.run("ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        self.switch.run("ip", "link", "set", "br0", "up")
        machines = (self.client, self.cloud, *self.nodes)
        for number, (machine, ip) in enumerate(zip(machines, (CLIENT, CLOUD, *NODES), strict=True)):
            port = f"port{number}"
            link = ("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(machine.pid))
            self.switch.run(*link)
            self.switch.run("ip", "link", "set", port, "master", "br0", "up")
            machine.run("ip", "link", "set", "lo", "up")
            machine.run("ip", "addr", "add", f"{ip}/24", "dev", "eth0")
            machine.run("ip", "link", "set", "eth0", "up")
        for number, node in enumerate(self.nodes):
            node.start(sys.executable, str(HERE / "node.py"), f"node-{number + 1}")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for machine in (self.client, self.cloud, *self.nodes, self.switch):
            machine.close()

    def ask(self, address: str, port: int = 80) -> str:
        """What the client gets: "NODE CLIENT-ADDRESS", or the name of the failure."""
        return self.client.run(sys.executable, str(HERE / "ask.py"), address, str(port)).strip()


def may_make_namespaces() -> bool:
    """Whether this user can make the site's namespaces."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0


def until(holds: "object", seconds: float = 10.0) -> None:
    """Waits until `holds()` is true."""
    end = time.monotonic() + seconds
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.02)
