"""The kernel parameters of a node's network namespace."""

import logging

from node_agent.network.links import UPLINK
from node_agent.pods.spawner import Spawner
from node_agent.shim import namespaces

SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.icmp_ratelimit": "0",  # every refused connection is told so
}
# Of all links, those to come (the pods') and the one that is there: packets may come one way and go another.
SYSCTLS |= {f"net.ipv4.conf.{link}.rp_filter": "0" for link in ("all", "default", UPLINK)}
SYSCTLS |= {f"net.ipv4.conf.{link}.send_redirects": "0" for link in ("all", "default", UPLINK)}
SYSCTLS_V6 = {"net.ipv6.conf.all.forwarding": "1", "net.ipv6.icmp.ratelimit": "0"}

log = logging.getLogger(__name__)


def write(spawner: Spawner, *, with_ipv6: bool) -> None:
    """Sets them, through the spawner where the agent's own /proc/sys is read-only. What fails is logged."""
    wanted = SYSCTLS | (SYSCTLS_V6 if with_ipv6 else {})
    write_all = namespaces.write_sysctls if namespaces.can_write_sysctls() else spawner.write_sysctls
    for name, error in write_all(wanted).items():
        log.warning("kernel parameter not set", extra={"parameter": name, "error": error})
