"""What a node with one Service of each kind has in its tables, element by element. golden/elements.txt is to be read.

After a change that is meant: `python -m tests.unit.proxy.test_golden` writes the file anew.
"""

from pathlib import Path

from node_agent.nft.fake import FakeNft
from node_agent.proxy.changes import Changes
from node_agent.proxy.facts import ServiceName
from node_agent.proxy.reading import service_facts, slice_facts
from node_agent.proxy.sync import Sync
from tests.unit.proxy.objects import HERE, NODE, RANGES, THERE, endpoint, key, service, slice_

GOLDEN = Path(__file__).parent / "golden" / "elements.txt"
A, B, FAR = endpoint("10.244.1.5", HERE), endpoint("10.244.1.6", HERE), endpoint("10.244.2.5", THERE)
SIX = endpoint("fd44:1::5", HERE)

SERVICES = (
    service("cluster", ("10.96.0.10", "fd96::10")),
    service("empty", "10.96.0.11"),
    service("internal-local", "10.96.0.12", internalTrafficPolicy="Local"),
    service("sticky", "10.96.0.13", sessionAffinity="ClientIP"),
    service("node-port", "10.96.0.14", type="NodePort", nodePort=30014),
    service("node-port-local", "10.96.0.15", type="NodePort", nodePort=30015, externalTrafficPolicy="Local"),
    service(
        "balanced",
        "10.96.0.16",
        type="LoadBalancer",
        nodePort=30016,
        ingress=["198.51.100.16"],
        externalIPs=["192.0.2.16"],
        loadBalancerSourceRanges=["172.18.0.0/16", "203.0.113.0/24", "203.0.113.128/25", "fd00::/8"],
    ),
    service("dns", "10.96.0.53", port=53, protocol="UDP"),
)
SLICES = (
    slice_("cluster", A, FAR),
    slice_("cluster", SIX, number=2),
    slice_("internal-local", FAR),
    slice_("sticky", A, FAR),
    slice_("node-port", A),
    slice_("node-port-local", FAR),
    slice_("balanced", A, B, FAR),
    slice_("dns", A, protocol="UDP"),
)


def written() -> str:
    """The elements of both tables."""
    changes, nft = Changes(), FakeNft()
    for found in SERVICES:
        changes.put_service(ServiceName(*key(found)), service_facts(found))
    for found in SLICES:
        changes.put_slice(key(found), slice_facts(found))
    changes.drain()
    Sync(changes, nft, RANGES).full(NODE)
    lines = []
    for (family, name), held in sorted(nft.tables.items()):
        for set_name, rows in held.sets.items():
            elements = (f"    {key} : {value}" if value else f"    {key}" for key, value in sorted(rows.items()))
            lines += [f"{family} {name} {set_name}", *elements]
    return "\n".join(lines) + "\n"


def test_golden() -> None:
    assert written() == GOLDEN.read_text()


if __name__ == "__main__":
    GOLDEN.write_text(written())
