"""A trace as JSON's values, with the API's way of writing names."""

from collections.abc import Sequence
from typing import Any

from svclab.trace.observation import Observation, Step
from svclab.trace.trace import Trace
from svclab.trace.way import Cause, End, Hop, Packet


def document(trace: Trace, seen: Observation | None = None, differences: Sequence[str] = ()) -> dict[str, Any]:
    """The prediction, and the observation if there is one."""
    predicted = {
        "from": {"name": trace.source.text, "node": trace.source.node, "addresses": list(trace.source.addresses)},
        "to": {"host": trace.target.host, "port": trace.target.port, "protocol": trace.target.protocol},
        "dns": {
            "name": trace.answer.name,
            "addresses": list(trace.answer.addresses),
            "asked": trace.answer.asked,
            "text": trace.answer.text,
        },
        "notes": list(trace.notes),
        "hops": [_hop(hop) for hop in trace.way.hops],
        "ends": [_end(end) for end in trace.ends],
    }
    if seen is None:
        return predicted
    return predicted | {"observed": _observed(seen), "agrees": not differences, "differences": list(differences)}


def _hop(hop: Hop) -> dict[str, Any]:
    row: dict[str, Any] = {"place": hop.place, "probability": float(hop.probability), "packet": _packet(hop.packet)}
    if hop.hit is not None:
        row["hit"] = {
            "element": hop.packet.key,
            "service": hop.hit.service,
            "port": hop.hit.port_name,
            "kind": hop.hit.kind,
            "field": hop.hit.field,
            "policy": _cause(hop.hit.policy),
            "affinitySeconds": hop.hit.affinity_seconds,
        }
        row["endpoints"] = [
            {
                "address": item.endpoint.address,
                "port": item.endpoint.port,
                "pod": item.endpoint.pod,
                "node": item.endpoint.node,
                "kept": item.kept,
                "reason": item.reason,
                "field": item.field,
            }
            for item in hop.hit.considered
        ]
    if hop.verdict is not None and hop.cause is not None:
        row |= {"verdict": hop.verdict.value, **_cause(hop.cause)}
    return row


def _packet(packet: Packet) -> dict[str, Any]:
    return {
        "source": packet.source,
        "destination": packet.destination,
        "port": packet.port,
        "protocol": packet.protocol,
    }


def _end(end: End) -> dict[str, Any]:
    return {
        "probability": float(end.probability),
        "verdict": end.verdict.value,
        **_cause(end.cause),
        "place": end.place,
        "via": end.via,
        "address": end.address,
        "port": end.port,
        "pod": end.pod,
        "source": end.source,
        "masqueraded": end.masqueraded,
        "masquerade": _cause(end.masquerade),
    }


def _cause(cause: Cause) -> dict[str, str]:
    return {"reason": cause.text, "field": cause.field}


def _observed(seen: Observation) -> dict[str, Any]:
    return {
        "verdict": seen.verdict.value,
        "outcome": seen.sent.outcome,
        "source": seen.sent.source[0],
        "destination": seen.sent.destination[0],
        "addresses": list(seen.addresses),
        "endpoint": {"address": seen.endpoint[0], "port": seen.endpoint[1]} if seen.endpoint[0] else None,
        "via": seen.via,
        "masqueraded": seen.masqueraded,
        "client": seen.source,
        "steps": [_step(step) for step in seen.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    entry = step.seen.entry
    return {
        "node": step.node,
        "text": step.text,
        "chains": list(step.seen.chains),
        "dropped": step.seen.dropped,
        "answers": list(entry.answers) if entry else None,
        "to": list(entry.to) if entry else None,
    }
