"""Holds what was observed against what was predicted: the differences in words, none if they agree."""

from collections.abc import Iterator, Sequence

from svclab.trace.observation import Observation
from svclab.trace.trace import Trace
from svclab.trace.way import End, Verdict, socket_text


def differences(trace: Trace, seen: Observation) -> tuple[str, ...]:
    """One line for each."""
    return tuple(_differences(trace, seen))


def _differences(trace: Trace, seen: Observation) -> Iterator[str]:
    yield from _names(trace, seen)
    wanted = {end.verdict for end in trace.ends}
    if wanted & {Verdict.LEFT, Verdict.UNREACHABLE}:
        yield from _beyond(seen)
    elif seen.verdict not in wanted:
        yield f"predicted: {' or '.join(sorted(wanted))}; observed: {seen.verdict}{_where(seen)}"
    elif seen.verdict is Verdict.DELIVERED:
        yield from _arrival(trace, seen)
    elif seen.verdict is not Verdict.UNRESOLVED:
        places = {end.place for end in trace.ends if end.verdict is seen.verdict}
        if seen.place and places and seen.place not in places:
            yield f"predicted: {seen.verdict} by {_any_of(places)}; observed: by {seen.place}"


def _names(trace: Trace, seen: Observation) -> Iterator[str]:
    """The name's addresses, where the client has looked it up."""
    known, predicted = set(seen.addresses), set(trace.answer.addresses)
    if known and not trace.answer.is_outside and known != predicted:
        yield f"the DNS says {', '.join(sorted(known))}; predicted: {', '.join(sorted(predicted)) or 'no address'}"


def _beyond(seen: Observation) -> Iterator[str]:
    """Where the packet leaves what the API describes: only that no Service has touched it can be compared."""
    if seen.via:
        yield f"predicted: it goes on untranslated; observed: translated on {seen.via}"
    elif seen.place and seen.verdict is not Verdict.UNREACHABLE:
        yield f"predicted: no machine stops it; observed: {seen.verdict}{_where(seen)}"


def _arrival(trace: Trace, seen: Observation) -> Iterator[str]:
    ends = [end for end in trace.ends if (end.address, end.port) == seen.endpoint]
    if not ends:
        possible = {socket_text(end.address, end.port) for end in trace.ends if end.verdict is Verdict.DELIVERED}
        yield f"it arrived at {_endpoint(seen)}; predicted: {_any_of(possible)}"
    else:
        yield from _manner(ends, seen)
    if seen.sent.outcome in ("silent", "unreachable") and trace.packets[0].protocol != "UDP":  # UDP may have no answer
        yield f"it arrived at {_endpoint(seen)}, but the client {seen.outcome_text}"


def _manner(ends: Sequence[End], seen: Observation) -> Iterator[str]:
    """Where the endpoint was chosen, and whom it takes for its client."""
    same = [end for end in ends if end.via in ("", seen.via)]
    if not same:
        yield f"the endpoint was chosen on {seen.via or 'no machine'}; predicted: on {_any_of({e.via for e in ends})}"
    elif not any(_is_manner(end, seen) for end in same):
        yield f"predicted: {_masqueraded(same[0].masqueraded)}; observed: {_masqueraded(seen.masqueraded)}"
    elif all(end.source not in ("", seen.source) for end in same):
        yield f"the endpoint's client is {seen.source}; predicted: {_any_of({end.source for end in same})}"


def _is_manner(end: End, seen: Observation) -> bool:
    """Without masquerading too the kernel may take another port, where two flows would else be one."""
    return seen.masqueraded if end.masqueraded else not seen.masqueraded or end.source == seen.source


def _masqueraded(value: bool) -> str:
    return "masqueraded" if value else "not masqueraded"


def _any_of(texts: set[str]) -> str:
    return " or ".join(sorted(texts))


def _endpoint(seen: Observation) -> str:
    return socket_text(*seen.endpoint)


def _where(seen: Observation) -> str:
    if seen.endpoint[0]:
        return f" to {_endpoint(seen)}"
    return f" by {seen.place}" if seen.place else ""
