"""The cluster's DNS as objects: servers behind one Service, whose address is the nameserver in every pod. Pure."""

from collections.abc import Iterable, Sequence
from itertools import count, islice

from apiserver.controllers.settings import ClusterDns
from protos.kubernetes import core_pb2, meta_pb2

NAMESPACE, NAME = "kube-system", "kube-dns"
LABELS = {"k8s-app": NAME}
IMAGE = "svclab/cluster-dns"
PORTS = (("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153))
READY_PORT = 8181
LAMEDUCK = "1"  # seconds: every node has heard of the end of a server long before
ENDED = ("Succeeded", "Failed")


def service(dns: ClusterDns) -> core_pb2.Service:
    """The Service `kube-dns`."""
    made = core_pb2.Service(metadata=meta_pb2.ObjectMeta(namespace=NAMESPACE, name=NAME, labels=LABELS))
    made.metadata.labels["kubernetes.io/name"] = "CoreDNS"
    made.metadata.annotations.update({"prometheus.io/port": "9153", "prometheus.io/scrape": "true"})
    made.spec.clusterIP = dns.address
    made.spec.selector.update(LABELS)
    for name, protocol, port in PORTS:
        made.spec.ports.add(name=name, protocol=protocol, port=port)
    return made


def pod(name: str, dns: ClusterDns) -> core_pb2.Pod:
    """One server. No two of them share a node, and each asks its node's resolvers for names outside."""
    made = core_pb2.Pod(metadata=meta_pb2.ObjectMeta(namespace=NAMESPACE, name=name, labels=LABELS))
    made.spec.dnsPolicy = "Default"
    container = made.spec.containers.add(name="cluster-dns", image=IMAGE)
    container.args.extend(("--zone", dns.domain, "--lameduck", LAMEDUCK))
    for port_name, protocol, port in PORTS:
        container.ports.add(name=port_name, protocol=protocol, containerPort=port)
    probe = container.readinessProbe
    probe.periodSeconds = 1
    probe.handler.httpGet.path = "/ready"
    probe.handler.httpGet.port.intVal = READY_PORT
    apart = made.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.add()
    apart.topologyKey = "kubernetes.io/hostname"
    apart.labelSelector.matchLabels.update(LABELS)
    return made


def missing(pods: Sequence[core_pb2.Pod], wanted: int) -> list[str]:
    """The names of the servers to start: the first that no pod has, also none that is just ending."""
    living = sum(not is_leaving(pod) for pod in pods)
    taken = {pod.metadata.name for pod in pods}
    free = (name for number in count(1) if (name := f"{NAME}-{number}") not in taken)
    return list(islice(free, max(0, wanted - living)))


def surplus(pods: Iterable[core_pb2.Pod], wanted: int) -> list[core_pb2.Pod]:
    """The pods to delete: those that have ended, and the youngest of too many."""
    ended = [pod for pod in pods if pod.status.phase in ENDED]
    living = sorted((pod for pod in pods if not is_leaving(pod)), key=_age)
    return ended + living[wanted:]


def is_leaving(pod: core_pb2.Pod) -> bool:
    """Whether a pod is no server any more, or soon."""
    return pod.metadata.HasField("deletionTimestamp") or pod.status.phase in ENDED


def _age(pod: core_pb2.Pod) -> tuple[int, str]:
    return pod.metadata.creationTimestamp.seconds, pod.metadata.name
