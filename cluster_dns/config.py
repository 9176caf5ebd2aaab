"""What a cluster DNS server is told when it starts."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and port to listen on or to ask. Host "" means all addresses of the machine."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, default_port: int = DNS_PORT) -> "Endpoint":
        """Reads `10.0.0.1`, `10.0.0.1:53`, `::1`, `[::1]:53`, `:53`.

        Raises ValueError with one line that says what is wrong.
        """
        host, _, port = text.rpartition(":")
        if not text.startswith("[") and text.count(":") != 1 or text.endswith("]"):
            host, port = text, str(default_port)
        host = host.removeprefix("[").removesuffix("]")
        try:
            if host:
                ip_address(host)
            number = int(port)
        except ValueError:
            raise ValueError(f'address "{text}": must be such as 10.0.0.1:53, [::1]:53 or :53') from None
        if not 0 <= number <= 65535:
            raise ValueError(f'address "{text}": the port must be 0 to 65535')
        return cls(host, number)


@dataclass(frozen=True, slots=True)
class Config:
    """One server. Ports of 0 are chosen by the kernel; None: not served. Times in seconds."""

    server: str  # the API server: unix:/path or host:port
    credentials: Path | None = None  # the folder of ca.crt, client.crt and client.key, for host:port
    listen: tuple[Endpoint, ...] = (Endpoint("", DNS_PORT),)
    zone: str = "cluster.local"
    ttl: int = 30
    upstreams: tuple[Endpoint, ...] = ()  # empty: those of resolv_conf
    resolv_conf: Path = Path("/etc/resolv.conf")
    metrics_port: int | None = 9153
    health_port: int | None = 8080
    ready_port: int | None = 8181
    lameduck: float = 5.0  # how long to go on serving once told to stop: clients learn of it meanwhile
    verbose: bool = False  # tracebacks of errors that have one clear line


def nameservers(resolv_conf: str) -> tuple[Endpoint, ...]:
    """The resolvers that the text of a resolv.conf names; lines that name none are passed over, as libc does."""
    words = [line.split() for line in resolv_conf.splitlines()]
    found = []
    for line in words:
        if len(line) > 1 and line[0] == "nameserver":
            try:
                found.append(Endpoint.parse(f"[{line[1]}]:{DNS_PORT}"))
            except ValueError:
                continue
    return tuple(dict.fromkeys(found))
