"""In a namespace of its own: a transaction larger than a socket's ordinary send buffer, and two threads at once."""

from concurrent.futures import ThreadPoolExecutor

from node_agent.nft.kernel import KernelNft
from node_agent.nft.objects import Set, Table
from node_agent.nft.transaction import AddElements, DeleteElements, ReplaceTable, Transaction

ENDPOINTS = Set("endpoints", "ipv4_addr . inet_proto . inet_service . mark", "ipv4_addr . inet_service")
COUNT = 6000  # some 280 kB: above net.core.wmem_default (208 kB), below twice the usual net.core.wmem_max
ROUNDS = 20


def large(nft: KernelNft) -> int:
    """How many elements are there afterwards."""
    rows = {f"10.96.0.1 . tcp . 80 . {number}": "10.244.1.5 . 8080" for number in range(COUNT)}
    nft.run(Transaction([ReplaceTable(Table("ip", "large", (ENDPOINTS,), (), {"endpoints": rows}))]))
    return len(nft.elements("ip", "large", "endpoints"))


def in_threads(nft: KernelNft) -> int:
    """How many elements two threads leave that each take away what they add."""
    nft.run(Transaction([ReplaceTable(Table("ip", "shared", (ENDPOINTS,)))]))
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda port: _add_and_delete(nft, port), (80, 443)))
    return len(nft.elements("ip", "shared", "endpoints"))


def _add_and_delete(nft: KernelNft, port: int) -> None:
    for number in range(ROUNDS):
        key = f"10.96.0.1 . tcp . {port} . {number}"
        nft.run(Transaction([AddElements("ip", "shared", "endpoints", {key: "10.244.1.5 . 8080"})]))
        nft.run(Transaction([DeleteElements("ip", "shared", "endpoints", (key,))]))


if __name__ == "__main__":
    kernel = KernelNft()
    print(large(kernel), in_threads(kernel))
