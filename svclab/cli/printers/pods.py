"""`get pods`."""

from typing import Any

from svclab.cli.durations import human_duration
from svclab.cli.podstate import pod_state
from svclab.cli.printers.cells import AGE, NAME
from svclab.cli.tables import NONE, Column, View


def _ready(pod: Any, view: View) -> str:
    state = pod_state(pod)
    return f"{state.ready}/{state.containers}"


def _status(pod: Any, view: View) -> str:
    return pod_state(pod).status


def _restarts(pod: Any, view: View) -> str:
    state = pod_state(pod)
    if state.restarts and state.last_restart:
        return f"{state.restarts} ({human_duration(view.now - state.last_restart)} ago)"
    return str(state.restarts)


def _ip(pod: Any, view: View) -> str:
    return next((item.ip for item in pod.status.podIPs), pod.status.podIP) or NONE


def _node(pod: Any, view: View) -> str:
    return pod.spec.nodeName or NONE


def _nominated_node(pod: Any, view: View) -> str:
    return pod.status.nominatedNodeName or NONE


def _readiness_gates(pod: Any, view: View) -> str:
    gates = {gate.conditionType for gate in pod.spec.readinessGates}
    met = sum(item.type in gates and item.status == "True" for item in pod.status.conditions)
    return f"{met}/{len(gates)}" if gates else NONE


COLUMNS = (
    NAME,
    Column("READY", _ready),
    Column("STATUS", _status),
    Column("RESTARTS", _restarts),
    AGE,
    Column("IP", _ip, wide=True),
    Column("NODE", _node, wide=True),
    Column("NOMINATED NODE", _nominated_node, wide=True),
    Column("READINESS GATES", _readiness_gates, wide=True),
)
