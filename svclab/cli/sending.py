"""Real packets for `svclab trace --send`: observers in the cluster's machines, and the client that sends."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protos.api_pb2 import ExecOpen, Frame
from svclab.cli.errors import CliError
from svclab.trace.evidence import Seen, Sent, seen_rows, sent_row
from svclab.trace.programs import observe, probe
from svclab.trace.question import OUTSIDE, Source
from svclab.trace.trace import Trace

if TYPE_CHECKING:
    from svclab.client import SyncClient

BALANCER = "load balancer"  # what the model calls the machine `cloud`
_PYTHON = ("python3", "-I", "-S", "-c")


@dataclass
class Observers:
    """One program in each machine; `machines`: what the model calls them, and the drivers."""

    cluster: str
    machines: dict[str, str]
    _running: dict[str, "subprocess.Popen[str]"] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator["Observers"]:
        """Every machine that runs is watched from here on. Raises CliError for one that runs and cannot be watched."""
        with ExitStack() as stack:
            source = Path(observe.__file__).read_text()
            for name, machine in self.machines.items():
                process = subprocess.Popen(
                    enter(self.cluster, machine, (*_PYTHON, source)),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                self._running[name] = stack.enter_context(process)
            for name, process in list(self._running.items()):
                assert process.stdout is not None
                if process.stdout.readline() != "ready\n":
                    del self._running[name]
                    _explain(name, process)
            yield self

    def seen(self) -> list[Seen]:
        """Ends the watch: every packet on every machine."""
        rows = []
        for name, process in self._running.items():
            output, errors = process.communicate("")
            if process.returncode:
                raise CliError(f"the packets on {name} could not be watched: {_last(errors)}")
            rows += seen_rows(name, json.loads(output))
        return rows


def _explain(name: str, process: "subprocess.Popen[str]") -> None:
    """A machine that does not run sees no packets; whatever else keeps a program from watching is an error."""
    _, errors = process.communicate()
    last = _last(errors)
    if "is not running" not in last:
        raise CliError(f"the packets on {name} cannot be watched: {last}")


def _last(errors: str) -> str:
    return (errors.strip().splitlines() or ["the program ended"])[-1]


def enter(cluster: str, machine: str, command: Sequence[str]) -> list[str]:
    """The command line that runs a command in a machine."""
    return [sys.executable, "-m", "svclab.cluster.enter", cluster, machine, *command]


def probes(traces: Sequence[Trace]) -> list[dict[str, Any]]:
    """What probe.py sends for predictions from one source: to the name as the user typed it, if it asks the DNS."""
    return [_probe(number, trace) for number, trace in enumerate(traces)]


def _probe(number: int, trace: Trace) -> dict[str, Any]:
    resolve = trace.answer.asked
    if trace.packets:
        host, port, protocol = trace.packets[0].destination, trace.packets[0].port, trace.packets[0].protocol
    elif resolve:
        host, protocol = "", trace.target.protocol or "TCP"
        port = int(trace.target.port) if trace.target.port.isdecimal() else 80
    else:
        raise CliError(f"nothing can be sent: {trace.answer.name} has no address")
    name = trace.target.host.partition("/")[2] or trace.target.host
    return {"id": number, "protocol": protocol, "host": name if resolve else host, "port": port, "resolve": resolve}


def send(api: "SyncClient", cluster: str, source: Source, traces: Sequence[Trace], patience: float) -> list[Sent]:
    """Sends one packet for each prediction, all from their common source, all at once; `patience` in seconds."""
    rows = probes(traces)
    command = (*_PYTHON, Path(probe.__file__).read_text(), json.dumps(rows), str(patience))
    output = _in_pod(api, source, command) if source.pod is not None else _in_machine(cluster, source, command)
    return [sent_row(answer, row["port"]) for answer, row in zip(json.loads(output), rows, strict=True)]


def _in_machine(cluster: str, source: Source, command: Sequence[str]) -> str:
    done = subprocess.run(
        enter(cluster, source.node or OUTSIDE, command), text=True, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise CliError(f"the packet could not be sent from {source.text} (exit code {done.returncode})")
    return done.stdout


def _in_pod(api: "SyncClient", source: Source, command: Sequence[str]) -> str:
    assert source.pod is not None
    opening = ExecOpen(namespace=source.pod.namespace, pod=source.pod.name, command=command)
    output, errors = bytearray(), bytearray()
    for frame in api.exec(opening, [Frame(endOfInput=True)]):
        output += frame.stdout
        errors += frame.stderr
        if frame.WhichOneof("frame") == "exitCode" and frame.exitCode:
            raise CliError(
                f"the packet could not be sent from {source.text}: {errors.decode(errors='replace').strip()}"
            )
    return output.decode()
