"""What the user asks: from where, to what. Texts become values here, with the errors that a user reads."""

from dataclasses import dataclass
from ipaddress import ip_address

from svclab.trace.world import Node, Pod, World

PROTOCOLS = ("TCP", "UDP", "SCTP")
OUTSIDE = "outside"


class QuestionError(ValueError):
    """A text that means nothing in this cluster; one line that says why."""


@dataclass(frozen=True)
class Source:
    """Who sends. `node`: the node whose rules the packet meets first, "" for an outside client."""

    text: str
    node: str
    addresses: tuple[str, ...]
    pod: Pod | None = None

    def address(self, like: str) -> str:
        """The address of the same family as `like`, "" if there is none."""
        return next((ip for ip in self.addresses if (":" in ip) == (":" in like)), "")

    def __str__(self) -> str:
        addresses = ", ".join(self.addresses) or "address unknown"
        return f"{self.text} ({addresses} on {self.node})" if self.pod else f"{self.text} ({addresses})"


@dataclass(frozen=True)
class Target:
    """Where to: a name or an address, and a port. `port` is a number or a port's name, "" if it was not said."""

    host: str
    port: str
    protocol: str  # "" if it was not said

    @property
    def is_address(self) -> bool:
        return is_ip(self.host)


def parse_source(world: World, text: str, namespace: str, outside: tuple[str, ...]) -> Source:
    """`pod/NAME`, `pod/NAME.NAMESPACE`, `node/NAME`, `outside`, or the address of a client outside."""
    kind, slash, name = text.partition("/")
    if text == OUTSIDE:
        return Source(OUTSIDE, "", outside)
    if is_ip(text):
        return _source_at(world, text)
    if slash and kind in ("node", "nodes", "no"):
        return _node_source(_node(world, name))
    if (slash and kind not in ("pod", "pods", "po")) or (slash and not name):
        raise QuestionError(f'--from "{text}": must be pod/NAME, node/NAME or outside')
    return _pod_source(world, name or kind, namespace)


def _source_at(world: World, ip: str) -> Source:
    if pod := world.pod_at(ip):
        return _of_pod(pod)
    if node := world.node_at(ip):
        return _node_source(node)
    return Source(OUTSIDE, "", (ip,))


def _node_source(node: Node) -> Source:
    return Source(f"node/{node.name}", node.name, node.addresses)


def _pod_source(world: World, text: str, namespace: str) -> Source:
    name, _, where = text.partition(".")
    pod = world.pod(namespace, text) or world.pod(where or namespace, name)
    if pod is None:
        raise QuestionError(f'--from: no running pod "{name}" in namespace "{where or namespace}"')
    if not pod.addresses:
        raise QuestionError(f'--from: pod "{name}" has no address yet')
    return _of_pod(pod)


def _of_pod(pod: Pod) -> Source:
    return Source(f"pod/{pod.name}", pod.node, pod.addresses, pod)


def _node(world: World, name: str) -> Node:
    if name not in world.nodes:
        raise QuestionError(f'node "{name}" not found; the nodes are: {", ".join(world.nodes) or "none"}')
    return world.nodes[name]


def parse_target(text: str) -> Target:
    """`web`, `web:80`, `web.other:http`, `10.96.0.1:80/udp`, `[fd00::1]:80`, `node/node-1:30080`."""
    rest, slash, protocol = text.rpartition("/")
    if not slash or protocol.upper() not in PROTOCOLS:
        rest, protocol = text, ""
    host, port = _split_port(rest)
    if not host:
        raise QuestionError(
            f'--to "{text}": must be NAME:PORT or ADDRESS:PORT, with /udp or /sctp behind it if need be'
        )
    if port.isdecimal() and not 1 <= int(port) <= 65535:
        raise QuestionError(f'--to "{text}": a port is a number between 1 and 65535')
    return Target(str(ip_address(host)) if is_ip(host) else host.rstrip("."), port, protocol.upper())


def _split_port(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, port.removeprefix(":")
    if is_ip(text):
        return text, ""
    host, _, port = text.partition(":")
    return host, port


def is_ip(text: str) -> bool:
    """Whether a text is an address, of either family."""
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def is_own(ip: str) -> bool:
    """Whether an address means the sender itself, wherever it is."""
    address = ip_address(ip)
    return address.is_loopback or address.is_unspecified
