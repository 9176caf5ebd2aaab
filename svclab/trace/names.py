"""From a name to the addresses that its user would send to: the cluster DNS' answer, or what takes its place."""

from dataclasses import dataclass, replace

from protos.kubernetes import core_pb2
from svclab.trace.endpoints import Endpoint, published
from svclab.trace.hits import cluster_ips, ingress_ips, is_proxied
from svclab.trace.question import QuestionError, Source, Target, is_ip, is_own
from svclab.trace.world import Node, World

LONGEST_CHAIN = 10  # CNAMEs
DNS_SERVICE = ("kube-system", "kube-dns")


@dataclass(frozen=True)
class Answer:
    """What a name leads to. `addresses` are in no order: clients take any. `asked`: whether a DNS server was asked.

    `canonical`: the name at the end of the CNAMEs; `text` says where the addresses come from, or why there are none,
    and `field` what decides that.
    """

    name: str
    addresses: tuple[str, ...]
    text: str
    asked: bool = False
    canonical: str = ""
    service: core_pb2.Service | None = None
    field: str = ""
    is_outside: bool = False  # the name is not of this cluster
    notes: tuple[str, ...] = ()


def look_up(world: World, source: Source, target: Target, namespace: str) -> Answer:
    """Raises QuestionError where nothing is called so."""
    if target.is_address:
        if is_own(target.host):
            raise QuestionError(f'--to "{target.host}": a packet to that address never leaves {source.text}')
        return Answer(target.host, (target.host,), "an address: no name is looked up")
    kind, slash, name = target.host.partition("/")
    if slash:
        return _named(world, source, kind, name, namespace)
    service = find_service(world, target.host, namespace)
    if service is None and target.host in world.nodes:
        return _node_answer(world.nodes[target.host])
    if service is not None:
        return _service_answer(world, source, service)
    if (found := _of_endpoint(world, target.host, namespace)) is not None:
        return _as_asked(world, source, found)
    raise QuestionError(f'no service "{target.host}" seen from namespace "{namespace}", and no node of that name')


def _named(world: World, source: Source, kind: str, name: str, namespace: str) -> Answer:
    if kind in ("node", "nodes", "no") and name in world.nodes:
        return _node_answer(world.nodes[name])
    service = find_service(world, name, namespace)
    if kind in ("svc", "service", "services") and service is not None:
        return _service_answer(world, source, service)
    pod = world.pod(namespace, name)
    if kind in ("po", "pod", "pods") and pod is not None and not pod.addresses:
        raise QuestionError(f'--to: pod "{name}" has no address yet')
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


def _service_answer(world: World, source: Source, service: core_pb2.Service) -> Answer:
    if source.node == "":
        return _public_answer(world, service)
    name = f"{service.metadata.name}.{service.metadata.namespace}.svc.{world.domain}"
    return _as_asked(world, source, _records(world, service, name, ()))


def _as_asked(world: World, source: Source, answer: Answer) -> Answer:
    """The same answer, with a note if the source does not get it from the DNS."""
    asks = source.pod is not None and source.pod.asks_cluster_dns
    if asks and DNS_SERVICE in world.services:
        return replace(answer, asked=True)
    why = (
        "this cluster has no DNS (Service kube-system/kube-dns)"
        if asks
        else f"{source.text} does not ask the cluster DNS"
    )
    return replace(answer, notes=(f"{why}: the address is taken from the Service itself",))


def _records(world: World, service: core_pb2.Service, name: str, before: tuple[str, ...]) -> Answer:
    """A and AAAA records of a Service's name, CNAMEs followed; `before`: the names that have led here."""
    own = f"{service.metadata.namespace}/{service.metadata.name}"
    if service.spec.type == "ExternalName":
        return _alias(world, service, name, before)
    if service.spec.clusterIP == "None":
        addresses = tuple(dict.fromkeys(one.address for one in published(world, service)))
        text = (
            f"the ready endpoints of {own}, which is headless: no proxy stands between"
            if addresses
            else (f"NXDOMAIN: {own} is headless and has no ready endpoint")
        )
        return Answer(name, addresses, text, canonical=name, service=service, field="spec.clusterIP")
    return Answer(name, cluster_ips(service), f"ClusterIP of {own}", canonical=name, service=service)


def _alias(world: World, service: core_pb2.Service, name: str, before: tuple[str, ...]) -> Answer:
    wanted = service.spec.externalName.rstrip(".").lower()
    text = f"CNAME {wanted} (spec.externalName)"
    fruitless = Answer(name, (), "", canonical=wanted, field="spec.externalName")
    if is_ip(wanted):
        return replace(fruitless, text=f"{text}, which is an address, and no name that a resolver could know")
    if not f".{wanted}".endswith(f".{world.domain}"):
        return replace(fruitless, text=f"{text}, which is not a name of this cluster", is_outside=True)
    if wanted in (name, *before) or len(before) == LONGEST_CHAIN:
        return replace(fruitless, text=f"{text}, and so on: the names lead round in circles")
    further = _of_cluster(world, wanted, (*before, name))
    if further is None:
        return replace(fruitless, text=f"{text}, which is NXDOMAIN: this cluster has no such name")
    return replace(further, name=name, text=f"{text}, which is {further.text}")


def _of_cluster(world: World, name: str, before: tuple[str, ...]) -> Answer | None:
    """What a whole name of the cluster's zone stands for."""
    if not name.endswith(f".svc.{world.domain}"):
        return None
    service = find_service(world, name, "")
    return _records(world, service, name, before) if service else _of_endpoint(world, name, "")


def _of_endpoint(world: World, host: str, namespace: str) -> Answer | None:
    """`db-0.db`, `10-244-0-5.db.other.svc`: an endpoint by its hostname, or by its address with dashes."""
    labels = host.removesuffix(f".{world.domain}").removesuffix(".svc").lower().split(".")
    if len(labels) not in (2, 3):
        return None
    service = world.services.get((labels[2] if len(labels) == 3 else namespace, labels[1]))
    if service is None or service.spec.type == "ExternalName":
        return None
    addresses = tuple(dict.fromkeys(one.address for one in published(world, service) if _host(one) == labels[0]))
    own = f"{service.metadata.namespace}/{service.metadata.name}"
    name = f"{labels[0]}.{labels[1]}.{service.metadata.namespace}.svc.{world.domain}"
    return Answer(name, addresses, f"an endpoint of {own}", canonical=name) if addresses else None


def _host(one: Endpoint) -> str:
    return one.hostname or one.address.replace(".", "-").replace(":", "-")


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
