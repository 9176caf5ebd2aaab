"""From a name to the addresses that its user would send to: the cluster DNS' answer, or what takes its place."""

from dataclasses import dataclass, replace

from protos.kubernetes import core_pb2
from svclab.trace.endpoints import endpoints_of
from svclab.trace.hits import cluster_ips, ingress_ips, is_proxied
from svclab.trace.question import QuestionError, Source, Target
from svclab.trace.world import Node, World

LONGEST_CHAIN = 10  # CNAMEs
DNS_SERVICE = ("kube-system", "kube-dns")


@dataclass(frozen=True)
class Answer:
    """What a name leads to. `addresses` are in no order: clients take any. `asked`: whether a DNS server was asked.

    `canonical`: the name at the end of the CNAMEs; `text` says where the addresses come from.
    """

    name: str
    addresses: tuple[str, ...]
    text: str
    asked: bool = False
    canonical: str = ""
    service: core_pb2.Service | None = None
    is_outside: bool = False  # the name is not of this cluster
    notes: tuple[str, ...] = ()


def look_up(world: World, source: Source, target: Target, namespace: str) -> Answer:
    """Raises QuestionError where nothing is called so."""
    if target.is_address:
        return Answer(target.host, (target.host,), "an address: no name is looked up")
    kind, slash, name = target.host.partition("/")
    if slash:
        return _named(world, source, kind, name, namespace)
    service = find_service(world, target.host, namespace)
    if service is None and target.host in world.nodes:
        return _node_answer(world.nodes[target.host])
    if service is None:
        raise QuestionError(f'no service "{target.host}" seen from namespace "{namespace}", and no node of that name')
    return _service_answer(world, source, service, target)


def _named(world: World, source: Source, kind: str, name: str, namespace: str) -> Answer:
    if kind in ("node", "nodes", "no") and name in world.nodes:
        return _node_answer(world.nodes[name])
    service = find_service(world, name, namespace)
    if kind in ("svc", "service", "services") and service is not None:
        return _service_answer(world, source, service, Target(name, "", ""))
    pod = world.pod(namespace, name)
    if kind in ("po", "pod", "pods") and pod is not None:
        return Answer(f"pod/{name}", pod.addresses[:1], "the pod's own address: pods have no name in the DNS")
    raise QuestionError(f'--to: {kind} "{name}" not found in namespace "{namespace}"')


def _node_answer(node: Node) -> Answer:
    return Answer(node.name, node.addresses[:1], f"the address of node {node.name}: nodes have no name in the DNS")


def find_service(world: World, host: str, namespace: str) -> core_pb2.Service | None:
    """Along a pod's search path: web, web.other, web.other.svc, web.other.svc.cluster.local."""
    labels = host.removesuffix(f".{world.domain}").removesuffix(".svc").split(".")
    if len(labels) > 2:
        return None
    return world.services.get((labels[1] if len(labels) == 2 else namespace, labels[0]))


def _service_answer(world: World, source: Source, service: core_pb2.Service, target: Target) -> Answer:
    name = f"{service.metadata.name}.{service.metadata.namespace}.svc.{world.domain}"
    if source.node == "":
        return _public_answer(world, service)
    asks = source.pod is not None and source.pod.asks_cluster_dns
    answer = _records(world, service, name, target)
    if asks and DNS_SERVICE in world.services:
        return replace(answer, asked=True)
    why = (
        "this cluster has no DNS (Service kube-system/kube-dns)"
        if asks
        else f"{source.text} does not ask the cluster DNS"
    )
    return replace(answer, notes=(f"{why}: the address is taken from the Service itself",))


def _records(world: World, service: core_pb2.Service, name: str, target: Target, depth: int = 0) -> Answer:
    """A and AAAA records of a Service's name, CNAMEs followed."""
    own = f"{service.metadata.namespace}/{service.metadata.name}"
    if service.spec.type == "ExternalName":
        return _alias(world, service, name, target, depth)
    if service.spec.clusterIP == "None":
        addresses = tuple(dict.fromkeys(_ready_addresses(world, service)))
        text = (
            f"the ready endpoints of {own}, which is headless: no proxy stands between"
            if addresses
            else (f"NXDOMAIN: {own} is headless and has no ready endpoint")
        )
        return Answer(name, addresses, text, canonical=name, service=service)
    return Answer(name, cluster_ips(service), f"ClusterIP of {own}", canonical=name, service=service)


def _alias(world: World, service: core_pb2.Service, name: str, target: Target, depth: int) -> Answer:
    wanted = service.spec.externalName.rstrip(".").lower()
    text = f"CNAME {wanted} (spec.externalName)"
    inside = find_service(world, wanted, "") if wanted.endswith(f".svc.{world.domain}") else None
    if inside is None or depth == LONGEST_CHAIN:
        return Answer(name, (), f"{text}, which is not a name of this cluster", canonical=wanted, is_outside=True)
    further = _records(world, inside, wanted, target, depth + 1)
    return replace(further, name=name, text=f"{text}, which is {further.text}")


def _ready_addresses(world: World, service: core_pb2.Service) -> list[str]:
    """Of a headless Service: an endpoint is published if it is ready, whatever its ports."""
    ports = {(port.name, port.protocol or "TCP") for port in service.spec.ports} or {("", "TCP")}
    return [
        one.address
        for name, protocol in sorted(ports)
        for like in ("0.0.0.0", "::")
        for one in endpoints_of(world, service, name, protocol, like)
        if one.ready
    ]


def _public_answer(world: World, service: core_pb2.Service) -> Answer:
    """An outside client knows no name of the cluster: it was told an address."""
    name = f"{service.metadata.namespace}/{service.metadata.name}"
    if not is_proxied(service):
        raise QuestionError(f"{name} has no address that an outside client could use: name one with --to ADDRESS:PORT")
    external = [ip for ip in service.spec.externalIPs if ip]
    nodes = [ip for node in list(world.nodes.values())[:1] if (ip := node.primary(cluster_ips(service)[0]))]
    note = ("clients outside do not ask the cluster DNS",)
    if balanced := ingress_ips(service):
        return Answer(name, tuple(balanced[:1]), f"load balancer of {name}", service=service, notes=note)
    if service.spec.type in ("NodePort", "LoadBalancer") and nodes:
        text = f"node port of {name}, on the first node"
        return Answer(name, tuple(nodes), text, service=service, notes=note)
    if external:
        return Answer(name, tuple(external[:1]), f"external IP of {name}", service=service, notes=note)
    return Answer(name, cluster_ips(service)[:1], f"ClusterIP of {name}", service=service, notes=note)
