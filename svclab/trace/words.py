"""A prediction and an observation in words for people."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from svclab.trace.endpoints import Considered
from svclab.trace.observation import Observation
from svclab.trace.trace import Trace
from svclab.trace.way import WHOLE, Cause, End, Hop, Verdict, socket_text

VERDICTS = {
    Verdict.REFUSED: ("refused", ", and the client is told so at once"),
    Verdict.DROPPED: ("dropped", ", and the client hears nothing"),
    Verdict.UNREACHABLE: ("goes nowhere", ""),
    Verdict.LEFT: ("leaves the cluster", ""),
    Verdict.UNRESOLVED: ("never sent, the name has no address", ""),
}
_INDENT = "  "
_SHOWN = 10  # addresses of a name


def describe(trace: Trace) -> str:
    """The whole prediction, a line each."""
    return "\n".join(_lines(trace)) + "\n"


def _lines(trace: Trace) -> Iterator[str]:
    yield f"From {trace.source} to {_target(trace)}"
    yield ""
    answer = trace.answer
    addresses = _several(answer.addresses)
    yield f"Name: {answer.name}{' is ' + addresses if addresses and addresses != answer.name else ''}"
    yield f"{_INDENT}{answer.text}"
    yield from (f"{_INDENT}note: {note}" for note in trace.notes)
    for hop in _merged(trace.way.hops):
        yield ""
        yield from _hop(hop)
    yield ""
    yield "Ends:"
    for _, alike in groupby(trace.ends, lambda end: (end.verdict, end.masqueraded, end.masquerade)):
        yield from (f"{_INDENT}{line}" for line in _alike(list(alike)))


def _several(addresses: Sequence[str]) -> str:
    """The first of them; a program that wants all reads the document (-o json)."""
    more = len(addresses) - _SHOWN
    return ", ".join(addresses[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _target(trace: Trace) -> str:
    if not trace.packets:
        return f"{trace.target.host}:{trace.target.port}".rstrip(":")
    packet = trace.packets[0]
    shown = f"[{trace.target.host}]" if trace.target.is_address and ":" in trace.target.host else trace.target.host
    return f"{shown}:{packet.port}/{packet.protocol}"


def _merged(hops: Sequence[Hop]) -> Iterator[Hop]:
    """Neighbours of which the same is said are said once: the endpoints of a headless Service all start out alike."""
    for _, group in groupby(hops, lambda hop: (hop.place, hop.text, hop.hit, hop.verdict, hop.cause, hop.text or hop)):
        alike = list(group)
        yield replace(alike[0], probability=sum((hop.probability for hop in alike), Fraction(0)))


def _hop(hop: Hop) -> Iterator[str]:
    chance = "" if hop.probability == WHOLE else f" (probability {fraction(hop.probability)})"
    yield f"On {hop.place}{chance}: {hop.text or _what_is_hit(hop)}"
    if hop.hit is not None:
        if hop.text:
            yield f"{_INDENT}service: {hop.hit.service}, its {hop.hit.kind}"
        yield f"{_INDENT}policy: {because(hop.hit.policy)}"
        if hop.hit.affinity_seconds:
            seconds = hop.hit.affinity_seconds
            yield f"{_INDENT}affinity: a client that comes back within {seconds} s gets the endpoint that it had before"
            yield f"{_INDENT}  (spec.sessionAffinity: ClientIP); the choice below is for a client that is new here"
        yield from (f"{_INDENT}{line}" for line in map(_considered, hop.hit.considered))
    if hop.verdict is not None and hop.cause is not None:
        yield f"{_INDENT}{hop.verdict}: {because(hop.cause)}"


def _what_is_hit(hop: Hop) -> str:
    if hop.hit is None:
        return f"{hop.packet.key}: no element"
    port = f", port {hop.hit.port_name}" if hop.hit.port_name else ""
    return f"element {hop.packet.key} is the {hop.hit.kind} of {hop.hit.service}{port} ({hop.hit.field})"


def _considered(item: Considered) -> str:
    one = item.endpoint
    address = f"{socket_text(one.address, one.port)}" if one.port else one.address
    who = f" {one.pod}" if one.pod else ""
    where = f" on {one.node}" if one.node else ""
    field = "" if item.kept or not item.field else f" ({item.field})"
    return f"{'kept   ' if item.kept else 'dropped'} {address}{who}{where}: {item.reason}{field}"


def _alike(ends: Sequence[End]) -> Iterator[str]:
    """Ends that share the reason why the source is, or is not, translated."""
    yield from map(_end, ends)
    if ends[0].masquerade.text:
        kind = "masqueraded" if ends[0].masqueraded else "not masqueraded"
        yield f"{_INDENT}{kind}: {because(ends[0].masquerade)}"


def _end(end: End) -> str:
    if end.verdict is not Verdict.DELIVERED:
        verdict, so = VERDICTS[end.verdict]
        by = f" by {end.place}" if end.verdict in (Verdict.REFUSED, Verdict.DROPPED) else ""
        client = f"; its client is {end.source}" if end.source else ""
        return f"{fraction(end.probability)}: {verdict}{by}{so}: {because(end.cause)}{client}"
    via = f" via {end.via}" if end.via and end.via != end.place else ""
    who = f" {end.pod}" if end.pod else ""
    place = f" on {end.place}" if end.place else " outside of the cluster"
    source = end.source or "the load balancer"
    to = socket_text(end.address, end.port)
    return f"{fraction(end.probability)}: arrives at {to}{who}{place}{via}; its client is {source}"


def describe_observed(seen: Observation, differences: Sequence[str]) -> str:
    """What the kernel did with the packet that was sent, a line each."""
    return "\n".join(_observed(seen, differences)) + "\n"


def _observed(seen: Observation, differences: Sequence[str]) -> Iterator[str]:
    yield "Observed:"
    if seen.addresses:
        yield f"{_INDENT}the name is {_several(seen.addresses)}"
    for step in seen.steps:
        yield f"{_INDENT}on {step.node}: {step.text}"
        if step.chains:
            yield f"{_INDENT}  through {' > '.join(step.chains)}"
    yield f"{_INDENT}the client {seen.outcome_text}"
    yield ""
    if differences:
        yield "It DISAGREES with the prediction:"
        yield from (f"{_INDENT}{text}" for text in differences)
    else:
        yield "It agrees with the prediction."


def because(cause: Cause) -> str:
    """A reason with the field that it comes from."""
    return f"{cause.text} ({cause.field})" if cause.field else cause.text


def fraction(value: Fraction) -> str:
    return "always" if value == WHOLE else str(value)
