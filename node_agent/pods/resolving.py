"""What a pod's containers find in /etc/resolv.conf and /etc/hosts: pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from protos.kubernetes import core_pb2

NAMESERVER_LIMIT = 3
SEARCH_LIMIT = 32
CLUSTER_OPTIONS = ("ndots:5",)


@dataclass(frozen=True)
class Resolver:
    """The content of a resolv.conf(5)."""

    nameservers: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Resolver":
        lines = [line.split() for line in text.splitlines() if line.split()]
        return cls(
            tuple(words[1] for words in lines if words[0] == "nameserver" and len(words) > 1),
            next((tuple(words[1:]) for words in reversed(lines) if words[0] in ("search", "domain")), ()),
            tuple(option for words in lines if words[0] == "options" for option in words[1:]),
        )

    def loopback(self) -> str:
        """The first nameserver that only the node itself can reach; "" if there is none."""
        return next((server for server in self.nameservers if _is_loopback(server)), "")

    def reachable(self, relay: str) -> "Resolver":
        """With nameservers that pods can reach: `relay` instead of those on the node's loopback."""
        servers = (relay if _is_loopback(server) else server for server in self.nameservers)
        return replace(self, nameservers=_unique(tuple(servers)))

    def text(self) -> str:
        lines = [f"search {' '.join(self.searches)}"] if self.searches else []
        lines += [f"nameserver {server}" for server in self.nameservers]
        lines += [f"options {' '.join(self.options)}"] if self.options else []
        return "".join(line + "\n" for line in lines)


def pod_resolver(pod: core_pb2.Pod, node: Resolver, dns_ips: Sequence[str], domain: str) -> Resolver:
    """By spec.dnsPolicy, then spec.dnsConfig: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/."""
    policy = pod.spec.dnsPolicy or "ClusterFirst"
    in_cluster = policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not pod.spec.hostNetwork)
    if policy == "None":
        base = Resolver()
    elif in_cluster:
        zones = (f"{pod.metadata.namespace}.svc.{domain}", f"svc.{domain}", domain)
        base = Resolver(tuple(dns_ips), _unique(zones + node.searches), CLUSTER_OPTIONS)
    else:
        base = node
    return _with_config(base, pod.spec.dnsConfig)


def _with_config(base: Resolver, config: core_pb2.PodDNSConfig) -> Resolver:
    options = dict(option.partition(":")[::2] for option in base.options)
    options |= {option.name: option.value for option in config.options}
    return Resolver(
        _unique(base.nameservers + tuple(config.nameservers))[:NAMESERVER_LIMIT],
        _unique(base.searches + tuple(config.searches))[:SEARCH_LIMIT],
        tuple(f"{name}:{value}" if value else name for name, value in options.items()),
    )


def _is_loopback(server: str) -> bool:
    return server.startswith("127.") or server == "::1"


def _unique(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def hosts(pod: core_pb2.Pod, addresses: Sequence[str], hostname: str, domain: str) -> str:
    """/etc/hosts as the kubelet writes it."""
    lines = ["# Kubernetes-managed hosts file.", "127.0.0.1\tlocalhost"]
    lines += ["::1\tlocalhost ip6-localhost ip6-loopback", "fe00::0\tip6-localnet", "fe00::0\tip6-mcastprefix"]
    lines += ["fe00::1\tip6-allnodes", "fe00::2\tip6-allrouters"]
    names = hostname
    if pod.spec.subdomain:
        names = f"{hostname}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{domain}\t{hostname}"
    lines += [f"{address}\t{names}" for address in addresses]
    aliases = ["\t".join((alias.ip, *alias.hostnames)) for alias in pod.spec.hostAliases]
    if aliases:
        lines += ["", "# Entries added by HostAliases.", *aliases]
    return "\n".join(lines) + "\n"
