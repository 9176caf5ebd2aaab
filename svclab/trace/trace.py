"""One question answered: the name looked up, the ways followed, the probabilities added up."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from protos.kubernetes import core_pb2
from svclab.trace.hits import claims_at
from svclab.trace.model import follow
from svclab.trace.names import Answer, look_up
from svclab.trace.question import QuestionError, Source, Target
from svclab.trace.way import Cause, End, Packet, Verdict, Way, joined, scaled
from svclab.trace.world import World


@dataclass(frozen=True)
class Trace:
    """The prediction for one packet. `packets`: what the source may send, one for each address of the name."""

    source: Source
    target: Target
    answer: Answer
    packets: tuple[Packet, ...]
    way: Way
    notes: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[End, ...]:
        return self.way.ends


def predict(world: World, source: Source, target: Target, namespace: str) -> Trace:
    """Raises QuestionError where the target means nothing in this cluster."""
    answer = look_up(world, source, target, namespace)
    addresses = _of_family(answer.addresses, source)
    if answer.addresses and not addresses:
        family = "IPv6" if ":" in answer.addresses[0] else "IPv4"
        raise QuestionError(f"{source.text} has no {family} address to send to {answer.addresses[0]} from")
    if not addresses:
        return _without_address(source, target, answer)
    port, protocol, notes = _port(answer, target)
    packets = tuple(Packet(source.address(ip), ip, port, protocol) for ip in addresses)
    each = Fraction(1, len(packets))
    way = joined(scaled(follow(world, packet, source.node), each) for packet in packets)
    remarks = dict.fromkeys((*answer.notes, *notes, *_not_ready(world, source, way), *_rivals(world, way)))
    return Trace(source, target, answer, packets, way, tuple(remarks))


def _not_ready(world: World, source: Source, way: Way) -> Iterator[str]:
    """Nodes on the way of which nothing is heard: they may be down, or not know of the last changes."""
    places = dict.fromkeys([source.node, *(hop.place for hop in way.hops), *(end.place for end in way.ends)])
    for name in places:
        if name in world.nodes and not world.nodes[name].is_ready:
            yield f"{name} is not Ready: what it does with packets now is not known (Node status.conditions)"


def _rivals(world: World, way: Way) -> Iterator[str]:
    """Services that wait for an address that another has."""
    for hop in way.hops:
        if hop.hit is not None and hop.place in world.nodes:
            for claim in claims_at(world, world.nodes[hop.place], hop.packet):
                if claim.name != hop.hit.service:
                    yield f"{claim.name} claims {hop.packet.key} too ({claim.field}), but {hop.hit.service} has it"


def _of_family(addresses: tuple[str, ...], source: Source) -> list[str]:
    """Those that the source can send to, by its own addresses; of a dual-stack ClusterIP the first alone."""
    usable = [ip for ip in addresses if not source.addresses or source.address(ip)]
    return [ip for ip in usable if (":" in ip) == (":" in usable[0])]


def _without_address(source: Source, target: Target, answer: Answer) -> Trace:
    if answer.is_outside:
        cause = Cause(f"{answer.canonical} is for the resolvers outside to know", "spec.externalName")
        end = End(Verdict.LEFT, cause)
    else:
        end = End(Verdict.UNRESOLVED, Cause(answer.text, answer.field))
    return Trace(source, target, answer, (), Way(ends=(end,)), answer.notes)


def _port(answer: Answer, target: Target) -> tuple[int, str, tuple[str, ...]]:
    """The port and protocol to send to, and what is remarkable about them."""
    service = answer.service
    if target.port.isdecimal():
        number = int(target.port)
        protocol = target.protocol or _protocol_of(service, number)
        return _public(answer, number, protocol), protocol, _untranslated(service, number)
    if service is None:
        raise QuestionError(f'--to "{target.host}": say a port, as in {target.host}:80')
    ports = [port for port in service.spec.ports if _matches(port, target)]
    if len(ports) != 1:
        raise QuestionError(_no_port(service, target))
    protocol = ports[0].protocol or "TCP"
    return _public(answer, ports[0].port, protocol), protocol, _untranslated(service, ports[0].port)


def _no_port(service: core_pb2.Service, target: Target) -> str:
    known = ", ".join(f"{port.port}/{port.protocol or 'TCP'} {port.name}".rstrip() for port in service.spec.ports)
    wanted = "/".join(filter(None, (target.port, target.protocol)))
    has = (
        f"{service.metadata.namespace}/{service.metadata.name} has {f'no port {wanted}' if wanted else 'several ports'}"
    )
    return f'--to "{target.host}": {has}: say one of {known}' if known else f'--to "{target.host}": say a port number'


def _matches(port: core_pb2.ServicePort, target: Target) -> bool:
    named = not target.port or port.name == target.port
    return named and target.protocol in ("", port.protocol or "TCP")


def _protocol_of(service: core_pb2.Service | None, number: int) -> str:
    """A port that the Service has for one protocol alone needs no protocol said."""
    known = {port.protocol or "TCP" for port in service.spec.ports if port.port == number} if service else set()
    return known.pop() if len(known) == 1 else "TCP"


def _public(answer: Answer, number: int, protocol: str) -> int:
    """Outside, a Service's port is reached by its node port where it has no other address."""
    if answer.service is None or not answer.text.startswith("node port"):
        return number
    for port in answer.service.spec.ports:
        if (port.port, port.protocol or "TCP") == (number, protocol) and port.nodePort:
            return port.nodePort
    return number


def _untranslated(service: core_pb2.Service | None, number: int) -> tuple[str, ...]:
    if service is None or service.spec.clusterIP != "None":
        return ()
    for port in service.spec.ports:
        if port.port == number and port.targetPort.ByteSize() and port.targetPort.intVal not in (0, number):
            listening = f"its pods listen on {port.targetPort.intVal}"
            return (f"a headless Service translates no port: {number} stays {number}, but {listening}",)
    return ()
