"""Runs in a network namespace of its own: serves a zone on 127.0.0.1, port 53, and asks it through libc.

Prints as JSON, for each question of the command line such as `ahosts web`, the addresses or names that getent gives.
"""

import asyncio
import json
import sys

from cluster_dns.config import Endpoint
from cluster_dns.message import Rcode, Record, Reply, RType
from cluster_dns.names import from_text
from cluster_dns.sockets import bind
from cluster_dns.tcp import TcpListener
from cluster_dns.udp import UdpListener
from tests.unit.dns.conftest import At, DnsServer, endpoint_slice, service

OUTSIDE = from_text("www.example.com")


def filled() -> DnsServer:
    server = DnsServer()
    server.catalog.namespace_changed("default", exists=True)
    server.put(
        service("web", "10.96.0.7"),
        service("dual", "10.96.0.8", "fd00:10:96::8"),
        service("api", "10.96.0.9", namespace="prod"),
        service("shop", external_name="www.example.com"),
        service("db", "None"),
        endpoint_slice("db-1", "db", *(At(f"10.244.0.{number}") for number in range(1, 101))),
    )
    server.upstream.replies = {OUTSIDE: Reply(Rcode.NOERROR, (Record(OUTSIDE, RType.A, 60, b"\xc0\0\2\x50"),))}
    server.upstream.replies |= {from_text(name): Reply(Rcode.NXDOMAIN) for name in ("api", "missing", "web")}
    return server


async def getent(question: str) -> list[str]:
    """What getent prints: addresses, the first words of its lines; asked for an address names, the second ones."""
    options = ("--no-addrconfig", *question.split())  # the namespace has no addresses by which to choose a family
    process = await asyncio.create_subprocess_exec("getent", *options, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    lines = [line.split() for line in output.decode().splitlines()]
    by_address = question.startswith("hosts 10.")
    return sorted({words[1] if by_address else words[0] for words in lines})


async def main(questions: list[str]) -> None:
    server = filled()
    (pair,) = bind(Endpoint("127.0.0.1", 53))
    udp, tcp = UdpListener(pair.udp, server.responder), TcpListener(pair.tcp, server.responder)
    await udp.start()
    await tcp.start()
    found = await asyncio.gather(*map(getent, questions))
    await udp.close()
    await tcp.close()
    print(json.dumps(dict(zip(questions, found, strict=True))))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
