"""What the kernel did with a packet: put together from the client's answer and what each machine saw. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from svclab.trace.evidence import Flow, Seen, Sent
from svclab.trace.trace import Trace
from svclab.trace.way import Verdict, socket_text
from svclab.trace.world import World

NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132}  # of protocols, IANA
REFUSING_CHAINS = ("reject-packet", "refuse")
OUTCOMES = {
    "answered": "got an answer",
    "refused": "was refused",
    "blocked": "was told by its own machine that it may not send",
    "silent": "heard nothing",
    "unreachable": "was told that there is no route",
    "unspoken": "was told by the endpoint's machine that it does not speak this protocol",
    "unresolved": "got no address for the name",
}


@dataclass(frozen=True)
class Step:
    """One machine on the way, in words."""

    node: str
    seen: Seen
    text: str

    @property
    def chains(self) -> tuple[str, ...]:
        """Of those that decide something the names, once each; nothing where the packet only passes."""
        if self.seen.entry is not None and not self.seen.entry.destination_translated:
            return ()
        names = dict.fromkeys(chain.rpartition(" ")[2] for chain in self.seen.chains)
        if self.seen.dropped:  # where it was decided is the last one, also if the packet came back to it
            names.pop(self.seen.dropped, None)
            names[self.seen.dropped] = None
        return tuple(names)


@dataclass(frozen=True)
class Observation:
    """The whole way. `endpoint` is where it arrived, ("", 0) if nowhere."""

    sent: Sent
    steps: tuple[Step, ...]
    verdict: Verdict
    endpoint: tuple[str, int] = ("", 0)
    masqueraded: bool = False
    source: str = ""  # what the endpoint saw
    via: str = ""  # the machine that chose the endpoint last
    place: str = ""  # the machine that refused or dropped it

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.sent.addresses

    @property
    def outcome_text(self) -> str:
        return OUTCOMES.get(self.sent.outcome, self.sent.outcome)


def observe(world: World, trace: Trace, sent: Sent, seen: Sequence[Seen]) -> Observation:
    """Follows the packet that was sent for a prediction from machine to machine."""
    steps = _steps(world, trace, sent, seen)
    if _is_own_answer(trace, sent, steps):
        own = sent.destination
        return Observation(sent, (), Verdict.DELIVERED, own, source=own[0])
    return _result(sent, steps)


def _is_own_answer(trace: Trace, sent: Sent, steps: Sequence[Step]) -> bool:
    """Whether a pod has sent to itself: no machine sees that, and what answers, or refuses, is the pod's own kernel."""
    own = any(packet.source == packet.destination == sent.destination[0] for packet in trace.packets)
    return own and not steps and sent.outcome in ("answered", "refused")


def _steps(world: World, trace: Trace, sent: Sent, seen: Sequence[Seen]) -> list[Step]:
    protocol = NUMBERS[trace.packets[0].protocol] if trace.packets else 6
    flow: Flow = (protocol, *sent.source, *sent.destination)
    steps: list[Step] = []
    while True:
        passed = {(step.node, step.seen.flow) for step in steps}
        rows = [row for row in seen if row.flow == flow and (row.node, flow) not in passed]
        if not rows:
            return steps
        row = min(rows, key=lambda found: _order(world, trace, found))
        if steps and steps[-1].node == row.node and row.entry is None and not row.dropped:
            return steps  # a machine that sends to itself sees the packet come in on its loopback, too
        steps.append(Step(row.node, row, _step_text(world, row)))
        if row.dropped or row.entry is None:
            return steps
        flow = (protocol, *row.entry.to, *row.entry.answers)


def _order(world: World, trace: Trace, row: Seen) -> tuple[bool, bool, bool]:
    """Of machines that saw the same addresses: the source's own first, where it arrives last."""
    pod = world.pod_at(row.flow[3])
    owner = world.node_at(row.flow[3])
    arrives = row.node == (pod.node if pod else owner.name if owner else "")
    return row.node != trace.source.node, row.node in world.nodes, arrives


def _step_text(world: World, row: Seen) -> str:
    if row.dropped:
        return "refused" if _refuses(row) else "dropped"
    if row.entry is None:
        return "seen, but it did not go on from here"
    if not row.entry.destination_translated:
        source = f", its source becomes {row.entry.to[0]}" if row.entry.source_translated else ""
        return f"passed on as it is{source}"
    pod = world.pod_at(row.entry.answers[0])
    to = f"{socket_text(*row.entry.answers)}{f' ({pod})' if pod else ''}"
    if not row.entry.source_translated:
        source = "its source is kept"
    elif row.entry.to[0] == row.flow[1]:
        source = f"its source becomes port {row.entry.to[1]} of the same address"
    else:
        source = f"its source becomes {row.entry.to[0]} (masqueraded)"
    return f"its destination becomes {to}, {source}"


def _refuses(row: Seen) -> bool:
    return row.dropped in REFUSING_CHAINS


def _result(sent: Sent, steps: list[Step]) -> Observation:
    verdict, place = _verdict(sent, steps)
    entries = [(step.node, step.seen.entry) for step in steps if step.seen.entry is not None]
    if verdict is not Verdict.DELIVERED or not entries:
        return Observation(sent, tuple(steps), verdict, place=place)
    chosen = [(node, entry) for node, entry in entries if entry.destination_translated]
    last = entries[-1][1]
    return Observation(
        sent,
        tuple(steps),
        verdict,
        endpoint=last.answers,
        masqueraded=bool(chosen) and chosen[-1][1].source_translated,
        source=last.to[0],
        via=chosen[-1][0] if chosen else "",
    )


def _verdict(sent: Sent, steps: list[Step]) -> tuple[Verdict, str]:
    """What became of the packet, and on which machine. One that no rule has stopped had no route from there."""
    if sent.outcome == "unresolved":
        return Verdict.UNRESOLVED, ""
    ruled = bool(steps) and bool(steps[-1].seen.dropped)
    if steps and not ruled and steps[-1].seen.entry is not None:
        return Verdict.DELIVERED, ""
    place = steps[-1].node if steps else ""
    if sent.outcome == "refused" or (sent.outcome == "blocked" and steps and _refuses(steps[-1].seen)):
        return Verdict.REFUSED, place
    if sent.outcome == "answered":
        return Verdict.DELIVERED, place
    unseen_silence = not steps and sent.outcome == "silent"
    return (Verdict.DROPPED if ruled or unseen_silence else Verdict.UNREACHABLE), place
