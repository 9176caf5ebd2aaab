"""What is tried with real pods. `python scenarios.py FOLDER NAME...`, in the network namespace that is the node."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from node_agent.images import catalogue
from node_agent.network.links import LOOPBACK_INDEX
from node_agent.network.netlink import Netlink
from node_agent.network.requests import address, link_up
from node_agent.pods.connection import Connection, ShimError
from node_agent.pods.folders import PodFolder
from node_agent.pods.removal import connect, kill_shim
from node_agent.pods.security import DEFAULT, NAMES
from node_agent.pods.shims import Shim
from node_agent.pods.spawner import Spawner
from node_agent.shim.records import EXITED, FAILED, RUNNING, ContainerSpec, ContainerState, ExecSpec, PodRecord

ADDRESSES = ["10.244.1.2", "fd44:1::2"]
CAPABILITIES = [NAMES.index(name) for name in DEFAULT]


class Node:
    """A node with one pod, `web`."""

    def __init__(self, folder: Path) -> None:
        self.folder = PodFolder(folder / "pods" / "uid-1")
        self.spawner = Spawner()
        self._change = asyncio.Event()

    def changed(self) -> None:
        self._change.set()

    async def pod(self, **fields: Any) -> Shim:
        record = PodRecord("ns", "web", "uid-1", "web", False, "veth1", ADDRESSES, [], 1500, {})
        self.folder.create(record._replace(**fields))
        shim = Shim(self.folder.path, self.spawner.spawn(self.folder.path), self.changed)
        await shim.known()
        return shim

    def spec(self, name: str, *argv: str, **fields: Any) -> ContainerSpec:
        log = self.folder.log(name, 0)
        log.parent.mkdir(parents=True, exist_ok=True)
        env = {"PATH": catalogue.PATH}
        spec = ContainerSpec(
            name,
            0,
            list(argv),
            env,
            "/",
            str(log),
            1 << 20,
            [],
            "16m",
            False,
            False,
            False,
            False,
            None,
            None,
            CAPABILITIES,
        )
        return spec._replace(**fields)

    def shell(self, script: str, name: str = "main", **fields: Any) -> ContainerSpec:
        return self.spec(name, "sh", "-c", script, **fields)

    async def reach(self, shim: Shim, name: str, *phases: str) -> ContainerState:
        """The state of a container once it is in one of the phases."""
        async with asyncio.timeout(10):
            while shim.states[name].phase not in phases:
                self._change.clear()
                await self._change.wait()
        return shim.states[name]

    async def output(self, shim: Shim, script: str, **fields: Any) -> list[str]:
        """What a container that runs to its end prints."""
        shim.start(self.shell(script, **fields))
        await self.reach(shim, "main", EXITED)
        lines = self.folder.log("main", 0).read_text().splitlines()
        self.folder.log("main", 0).unlink()
        return [line.split(" ", 3)[3] for line in lines]


async def run_in(shim: Shim, *argv: str, name: str = "main") -> tuple[int, bytes]:
    """Exit code and output of a process that joins a container."""
    reading, writing = os.pipe()
    null = os.open(os.devnull, os.O_RDONLY)
    process = shim.exec(ExecSpec(name, list(argv), False, 0, 0), (null, writing, writing))
    os.close(writing)
    os.close(null)
    try:
        async with asyncio.timeout(10):
            code = await process.wait()
        return code, os.read(reading, 1 << 16)
    finally:
        process.close()
        os.close(reading)


async def a_root_of_its_own(node: Node) -> None:
    shim = await node.pod()
    script = "ls -A /root /home; echo --; hostname; cat /proc/1/comm; touch /usr/x 2>&1; echo ok > /tmp/x && cat /tmp/x"
    lines = await node.output(shim, script)
    assert lines[:5] == ["/home:", "", "/root:", "--", "web"], lines
    assert lines[5] == "init" and "Read-only" in lines[6] and lines[7] == "ok", lines
    devices = await node.output(shim, "ls /dev; ls /; echo x > /dev/null; head -c 3 /dev/zero | wc -c")
    assert "null" in devices and "vda" not in devices and "kmsg" not in devices and devices[-1] == "3", devices


async def few_capabilities(node: Node) -> None:
    shim = await node.pod()
    mask = sum(1 << number for number in CAPABILITIES)
    assert await node.output(shim, "grep CapEff /proc/self/status") == [f"CapEff:\t{mask:016x}"]
    lines = await node.output(shim, "mount -t tmpfs t /mnt 2>&1 || echo refused")
    assert lines[-1] == "refused", lines


async def no_way_to_the_machine(node: Node) -> None:
    shim = await node.pod()
    script = (
        "for f in sys/kernel/core_pattern sysrq-trigger sys/net/ipv4/ip_forward; do test -w /proc/$f && echo $f; done"
    )
    lines = await node.output(shim, f"{script}; cat /proc/kcore 2>/dev/null | wc -c")
    assert lines == ["0"], lines
    volume = node.folder.volume("v")
    volume.mkdir(parents=True)
    script = "mknod /data/zero c 1 5 && head -c 1 /data/zero; mknod /zero c 1 5 && head -c 1 /zero; echo end"
    lines = await node.output(shim, script, binds=[(str(volume), "/data", False)])
    assert len(lines) == 3 and all("denied" in line or "permitted" in line for line in lines[:2]), lines


async def nothing_but_its_own_processes(node: Node) -> None:
    shim = await node.pod()
    lines = await node.output(shim, "ls /proc | grep -c '^[0-9]'; kill -0 1 && echo sees init")
    assert int(lines[0]) <= 5 and lines[1] == "sees init", lines


async def volumes_and_places_for_them(node: Node) -> None:
    shim = await node.pod()
    volume = node.folder.volume("v")
    volume.mkdir(parents=True)
    (volume / "file").write_text("text\n")
    binds = [(str(volume), "/usr/share/nginx/html", True), (str(volume), "/data/deep", False)]
    script = (
        "cat /usr/share/nginx/html/file; touch /usr/share/nginx/html/x || echo no; touch /data/deep/y; ls /usr/share"
    )
    lines = await node.output(shim, script, binds=binds)
    assert lines[0] == "text" and "no" in lines and "perl5" in lines, lines
    assert (volume / "y").exists() and not (volume / "x").exists()


async def an_echo_that_listens_once_it_runs(node: Node) -> None:
    shim = await node.pod()
    image = catalogue.find("echo")
    inside = [(str(catalogue.PACKAGE), f"{catalogue.INSIDE}/node_agent", True)]
    shim.start(node.spec("main", *image.program([], []).argv, says_listening=True, binds=inside))
    await node.reach(shim, "main", RUNNING)
    for family, own in zip((socket.AF_INET, socket.AF_INET6), ADDRESSES, strict=True):
        with socket.socket(family) as client:
            client.settimeout(5)
            client.connect((own, 8080))  # at once: no retry
            client.sendall(b"GET /hostname HTTP/1.1\r\nConnection: close\r\n\r\n")
            assert client.makefile().read().endswith("\n\nweb")
    with socket.create_connection((ADDRESSES[0], 8080), 5) as client:
        client.sendall(b"echo one\necho two\n")
        file = client.makefile()
        assert (file.readline(), file.readline()) == ("one\n", "two\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"clientip", (ADDRESSES[0], 8081))
        assert client.recv(100).startswith(b"10.0.0.1:")


async def containers_share_the_network_alone(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.spec("server", "python3", "-m", "http.server", "--bind", "127.0.0.1", "80", cwd="/tmp"))
    shim.start(node.shell("touch /tmp/mine; sleep 60", "other"))
    await node.reach(shim, "server", RUNNING)
    await node.reach(shim, "other", RUNNING)
    script = "until curl -sf http://127.0.0.1/; do sleep 0.05; done"
    code, text = await run_in(shim, "sh", "-c", script, name="other")
    assert code == 0 and b"mine" not in text, text
    lent = await shim.socket(socket.AF_INET)
    lent.connect(("127.0.0.1", 80))
    lent.close()


async def processes_join_a_container(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("echo here > /tmp/file; sleep 60"))
    await node.reach(shim, "main", RUNNING)
    assert await run_in(shim, "sh", "-c", "cat /tmp/file; exit 7") == (7, b"here\n")
    try:
        await run_in(shim, "nonesuch")
    except ShimError as error:
        assert str(error) == 'exec: "nonesuch": executable file not found in $PATH'
    else:
        raise AssertionError("a program that is not there was run")


async def a_terminal_of_the_pods_own(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("sleep 60"))
    await node.reach(shim, "main", RUNNING)
    process = shim.exec(ExecSpec("main", ["sh", "-c", "tty; stty size"], True, 100, 30))
    master = await process.terminal()
    assert await process.wait() == 0
    shown = b""
    with suppress(OSError):  # EIO: nobody has the terminal any more
        while data := os.read(master, 1000):
            shown += data
    os.close(master)
    assert shown == b"/dev/pts/0\r\n30 100\r\n", shown


async def an_interrupt_typed_in_a_terminal(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("sleep 60"))
    await node.reach(shim, "main", RUNNING)
    process = shim.exec(ExecSpec("main", ["sh", "-c", "echo ready; exec sleep 60"], True, 100, 30))
    master = await process.terminal()
    assert os.read(master, 7) == b"ready\r\n"
    os.write(master, b"\x03")
    async with asyncio.timeout(10):
        assert await process.wait() == 128 + signal.SIGINT
    os.close(master)


OF_THE_C_LIBRARY = 0b11 << 31  # signals 32 and 33: nobody else may touch them, and make(1) hands them on ignored


def signals(text: str) -> list[int]:
    """The signals of lines such as `SigIgn:\t0000000000000002`, as bits."""
    return [int(found, 16) & ~OF_THE_C_LIBRARY for found in re.findall(r"Sig\w+:\t([0-9a-f]+)", text)]


async def no_signal_is_ignored(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("grep -E 'Sig(Ign|Blk)' /proc/self/status; sleep 60"))
    await node.reach(shim, "main", RUNNING)
    await soon(lambda: node.folder.log("main", 0).read_text().count(" F Sig") == 2)
    assert signals(node.folder.log("main", 0).read_text()) == [0, 0]
    code, shown = await run_in(shim, "grep", "SigIgn", "/proc/self/status")
    assert (code, signals(shown.decode())) == (0, [0])


async def a_hang_up_ends_what_it_started(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("sleep 60"))
    await node.reach(shim, "main", RUNNING)
    null = os.open(os.devnull, os.O_RDWR)
    process = shim.exec(ExecSpec("main", ["sleep", "77"], False, 0, 0), (null, null, null))
    os.close(null)
    while b"77" not in (await run_in(shim, "sh", "-c", "cat /proc/[0-9]*/cmdline"))[1]:
        continue
    process.close()
    async with asyncio.timeout(5):
        while b"77" in (await run_in(shim, "sh", "-c", "cat /proc/[0-9]*/cmdline"))[1]:
            continue


async def signals_reach_the_program(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("trap 'echo bye; exit 3' TERM; echo ready; sleep 60 & wait"))
    await node.reach(shim, "main", RUNNING)
    await soon(lambda: "ready" in node.folder.log("main", 0).read_text())
    shim.signal("main", signal.SIGTERM)
    assert (await node.reach(shim, "main", EXITED)).exit_code == 3
    assert node.folder.log("main", 0).read_text().endswith("stdout F bye\n")
    shim.start(node.shell("sleep 60 & sleep 60"))
    await node.reach(shim, "main", RUNNING)
    shim.signal("main", signal.SIGKILL)
    assert (await node.reach(shim, "main", EXITED)).exit_code == 137


async def a_shell_waits_for_input_that_does_not_come(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.spec("main", "sh"))
    assert (await node.reach(shim, "main", EXITED)).exit_code == 0
    shim.start(node.spec("main", "sh", stdin=True))
    await node.reach(shim, "main", RUNNING)
    assert await run_in(shim, "true") == (0, b"")
    assert shim.states["main"].phase == RUNNING


async def what_cannot_be_run_says_why(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.spec("main", "/nonesuch"))
    state = await node.reach(shim, "main", FAILED)
    assert state.error == 'exec: "/nonesuch": stat /nonesuch: no such file or directory'
    shim.start(node.spec("main", "/etc"))
    assert (await node.reach(shim, "main", FAILED)).error == 'exec: "/etc": permission denied'


async def a_pod_outlives_odd_requests(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("sleep 60"))
    await node.reach(shim, "main", RUNNING)
    asked: list[dict[str, Any]] = [{"exec": {}}, {"exec": {"name": "main"}}, {"start": {}}, {"signal": 15, "name": "x"}]
    for odd in (*asked, {}):
        messages = Connection(connect(node.folder.path), lambda _: None)
        messages.send(odd)
        messages.close()
    unwritable = node.shell("true", "other", log="/nonesuch/log")
    shim.start(unwritable)
    assert "nonesuch" in (await node.reach(shim, "other", FAILED)).error
    assert (await run_in(shim, "hostname")) == (0, b"web\n")


async def a_pod_outlives_its_agent(node: Node) -> None:
    first = await node.pod()
    first.start(node.shell("sleep 60"))
    await node.reach(first, "main", RUNNING)
    first.close()
    node.spawner.close()
    second = Shim.adopt(node.folder.path, node.changed)
    await second.known()
    assert second.states["main"] == first.states["main"]
    assert (await run_in(second, "hostname")) == (0, b"web\n")
    second.stop()
    await soon(lambda: second.gone)
    await soon(no_link)


async def a_killed_pod_leaves_nothing(node: Node) -> None:
    shim = await node.pod()
    shim.start(node.shell("sleep 1234567"))
    await node.reach(shim, "main", RUNNING)
    kill_shim(node.folder.path)
    await soon(no_link)
    assert not runs("1234567")
    try:
        await run_in(shim, "true")
    except ShimError:
        return
    raise AssertionError("a pod that is dead answered")


async def a_pod_is_built_anew_at_once(node: Node) -> None:
    await node.pod()
    kill_shim(node.folder.path)
    shim = await node.pod()
    assert await node.output(shim, "hostname") == ["web"]


async def a_spawner_that_dies_is_replaced(node: Node) -> None:
    ((spawner, _),) = children()
    os.kill(spawner, signal.SIGKILL)
    await soon(lambda: children() == [(spawner, "Z")])
    shim = await node.pod()
    assert await node.output(shim, "hostname") == ["web"]


async def a_pod_that_cannot_be_built_says_why(node: Node) -> None:
    try:
        await node.pod(sysctls={"net.ipv4.nonesuch": "1"})
    except ShimError as error:
        assert "nonesuch" in str(error)
    else:
        raise AssertionError("an unknown kernel parameter was set")


async def host_network_is_the_nodes_own(node: Node) -> None:
    shim = await node.pod(host_network=True, addresses=[], hostname="node-1")
    lines = await node.output(shim, "hostname; ip -o addr show lo | grep -c 10.0.0.1")
    assert lines == ["node-1", "1"], lines


async def soon(condition: Callable[[], bool]) -> None:
    """Waits for what the kernel or another process does without telling."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.005)


def no_link() -> bool:
    """The kernel takes a pod's link away soon after its namespace."""
    try:
        Netlink().index("veth1")
    except OSError:
        return True
    return False


def children() -> list[tuple[int, str]]:
    """PID and state of this process's children, as /proc/PID/stat has them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent, *_ = path.read_text().rpartition(")")[2].split()
            if int(parent) == os.getpid():
                found.append((int(path.parent.name), state))
    return found


def runs(argument: str) -> bool:
    """Whether a process of that argument runs on the machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if argument.encode() in path.read_bytes().split(b"\0")[:2]:
                return True
    return False


SCENARIOS: dict[str, Callable[[Node], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in (
        a_root_of_its_own,
        few_capabilities,
        no_way_to_the_machine,
        nothing_but_its_own_processes,
        volumes_and_places_for_them,
        an_echo_that_listens_once_it_runs,
        containers_share_the_network_alone,
        processes_join_a_container,
        a_terminal_of_the_pods_own,
        an_interrupt_typed_in_a_terminal,
        no_signal_is_ignored,
        a_hang_up_ends_what_it_started,
        signals_reach_the_program,
        a_shell_waits_for_input_that_does_not_come,
        what_cannot_be_run_says_why,
        a_pod_outlives_odd_requests,
        a_pod_outlives_its_agent,
        a_killed_pod_leaves_nothing,
        a_pod_is_built_anew_at_once,
        a_spawner_that_dies_is_replaced,
        a_pod_that_cannot_be_built_says_why,
        host_network_is_the_nodes_own,
    )
}


async def run(names: list[str], folder: Path) -> None:
    """Runs the scenarios one after the other, each on a node of its own, and says which went wrong."""
    for name in names:
        node = Node(folder / name)
        try:
            await SCENARIOS[name](node)
            print(f"ok {name}", flush=True)
        except Exception as error:
            print(f"failed {name}: {type(error).__name__}: {error}", flush=True)
        finally:
            kill_shim(node.folder.path)
            node.spawner.close()
            await soon(no_link)


def prepare() -> None:
    """A node's namespace: loopback, an address of its own, and a way out."""
    own = [address(LOOPBACK_INDEX, "10.0.0.1", 32), address(LOOPBACK_INDEX, "fd00::1", 128)]
    Netlink().run([link_up(LOOPBACK_INDEX), *own])


if __name__ == "__main__":
    prepare()
    asyncio.run(run(sys.argv[2:], Path(sys.argv[1])))
