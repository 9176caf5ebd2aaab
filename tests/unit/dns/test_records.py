"""What the server answers for Kubernetes' objects: schema 1.1.0, as cases in zone-file text."""

from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import pytest

from protos.kubernetes.core_pb2 import Service
from tests.unit.dns.conftest import At, DnsServer, endpoint_slice, lines, section_text, service

SOA = "cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 30"
HTTP = ("http", 80, "TCP")


@dataclass(frozen=True)
class Case:
    """A question, and the sections of the answer; without an answer it is NODATA, and a negative answer has the SOA."""

    question: str
    answer: str = ""
    additional: str = ""
    rcode: str = "NOERROR"

    def __str__(self) -> str:
        return self.question


CASES = [
    # A Service of type ClusterIP
    Case("web.default.svc.cluster.local. A", "web.default.svc.cluster.local. 30 IN A 10.96.0.7"),
    Case("WEB.Default.SVC.cluster.local. A", "WEB.Default.SVC.cluster.local. 30 IN A 10.96.0.7"),
    Case("web.default.svc.cluster.local. AAAA"),
    Case("web.default.svc.cluster.local. MX"),
    Case("web.default.svc.cluster.local. TXT"),
    Case("web.default.svc.cluster.local. HTTPS"),
    Case("web.default.svc.cluster.local. ANY"),
    Case(
        "_http._tcp.web.default.svc.cluster.local. SRV",
        "_http._tcp.web.default.svc.cluster.local. 30 IN SRV 0 100 80 web.default.svc.cluster.local.",
        "web.default.svc.cluster.local. 30 IN A 10.96.0.7",
    ),
    Case(
        "web.default.svc.cluster.local. SRV",
        """web.default.svc.cluster.local. 30 IN SRV 0 33 80 web.default.svc.cluster.local.
           web.default.svc.cluster.local. 30 IN SRV 0 33 53 web.default.svc.cluster.local.
           web.default.svc.cluster.local. 30 IN SRV 0 33 9 web.default.svc.cluster.local.""",
        "web.default.svc.cluster.local. 30 IN A 10.96.0.7",
    ),
    Case("_http._tcp.web.default.svc.cluster.local. A"),
    Case("_tcp.web.default.svc.cluster.local. A"),  # names are below it, so it is there (RFC 8020)
    Case("_http._udp.web.default.svc.cluster.local. SRV", rcode="NXDOMAIN"),
    Case("_https._tcp.web.default.svc.cluster.local. SRV", rcode="NXDOMAIN"),
    Case("7.0.96.10.in-addr.arpa. PTR", "7.0.96.10.in-addr.arpa. 30 IN PTR web.default.svc.cluster.local."),
    # its endpoints
    Case("10-244-0-5.web.default.svc.cluster.local. A", "10-244-0-5.web.default.svc.cluster.local. 30 IN A 10.244.0.5"),
    Case("10-244-0-9.web.default.svc.cluster.local. A", rcode="NXDOMAIN"),
    # dual stack
    Case("dual.default.svc.cluster.local. A", "dual.default.svc.cluster.local. 30 IN A 10.96.0.8"),
    Case("dual.default.svc.cluster.local. AAAA", "dual.default.svc.cluster.local. 30 IN AAAA fd00:10:96::8"),
    Case(
        "_http._tcp.dual.default.svc.cluster.local. SRV",
        "_http._tcp.dual.default.svc.cluster.local. 30 IN SRV 0 50 80 dual.default.svc.cluster.local.",
        """dual.default.svc.cluster.local. 30 IN A 10.96.0.8
           dual.default.svc.cluster.local. 30 IN AAAA fd00:10:96::8""",
    ),
    Case(
        "8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa. PTR",
        "8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa. 30 IN PTR"
        " dual.default.svc.cluster.local.",
    ),
    # headless
    Case(
        "db.prod.svc.cluster.local. A",
        """db.prod.svc.cluster.local. 30 IN A 10.244.1.1
           db.prod.svc.cluster.local. 30 IN A 10.244.1.2
           db.prod.svc.cluster.local. 30 IN A 10.244.1.4""",
    ),
    Case("db.prod.svc.cluster.local. AAAA", "db.prod.svc.cluster.local. 30 IN AAAA fd00::1"),
    Case("db-0.db.prod.svc.cluster.local. A", "db-0.db.prod.svc.cluster.local. 30 IN A 10.244.1.1"),
    Case("db-0.db.prod.svc.cluster.local. AAAA", "db-0.db.prod.svc.cluster.local. 30 IN AAAA fd00::1"),
    Case("10-244-1-2.db.prod.svc.cluster.local. A", "10-244-1-2.db.prod.svc.cluster.local. 30 IN A 10.244.1.2"),
    Case("10-244-1-2.db.prod.svc.cluster.local. AAAA"),
    Case("10-244-1-1.db.prod.svc.cluster.local. A", rcode="NXDOMAIN"),  # that endpoint has a hostname
    Case("10-244-1-3.db.prod.svc.cluster.local. A", rcode="NXDOMAIN"),  # not ready
    Case("10-244-1-5.db.prod.svc.cluster.local. A", rcode="NXDOMAIN"),  # terminating
    Case(
        "_sql._tcp.db.prod.svc.cluster.local. SRV",
        """_sql._tcp.db.prod.svc.cluster.local. 30 IN SRV 0 25 5432 db-0.db.prod.svc.cluster.local.
           _sql._tcp.db.prod.svc.cluster.local. 30 IN SRV 0 25 5432 10-244-1-2.db.prod.svc.cluster.local.
           _sql._tcp.db.prod.svc.cluster.local. 30 IN SRV 0 25 5432 10-244-1-4.db.prod.svc.cluster.local.""",
        """db-0.db.prod.svc.cluster.local. 30 IN A 10.244.1.1
           db-0.db.prod.svc.cluster.local. 30 IN AAAA fd00::1
           10-244-1-2.db.prod.svc.cluster.local. 30 IN A 10.244.1.2
           10-244-1-4.db.prod.svc.cluster.local. 30 IN A 10.244.1.4""",
    ),
    Case("2.1.244.10.in-addr.arpa. PTR", "2.1.244.10.in-addr.arpa. 30 IN PTR 10-244-1-2.db.prod.svc.cluster.local."),
    Case(
        "1.1.244.10.in-addr.arpa. PTR",  # an endpoint of two headless Services
        """1.1.244.10.in-addr.arpa. 30 IN PTR db-0.db.prod.svc.cluster.local.
           1.1.244.10.in-addr.arpa. 30 IN PTR 10-244-1-1.also.prod.svc.cluster.local.""",
    ),
    Case("empty.prod.svc.cluster.local. A", rcode="NXDOMAIN"),  # headless without ready endpoints
    Case("empty.prod.svc.cluster.local. SRV", rcode="NXDOMAIN"),
    # pods
    Case("10-0-0-2.default.pod.cluster.local. A", "10-0-0-2.default.pod.cluster.local. 30 IN A 10.0.0.2"),
    Case("10-0-0-2.default.pod.cluster.local. AAAA"),
    Case("fd00--1.default.pod.cluster.local. AAAA", "fd00--1.default.pod.cluster.local. 30 IN AAAA fd00::1"),
    Case("10-0-0-2.nowhere.pod.cluster.local. A", rcode="NXDOMAIN"),
    Case("10-0-0-256.default.pod.cluster.local. A", rcode="NXDOMAIN"),
    Case("web.default.pod.cluster.local. A", rcode="NXDOMAIN"),
    Case("x.10-0-0-2.default.pod.cluster.local. A", rcode="NXDOMAIN"),
    # ExternalNames within the zone
    Case(
        "alias.default.svc.cluster.local. CNAME",
        "alias.default.svc.cluster.local. 30 IN CNAME web.default.svc.cluster.local.",
    ),
    Case(
        "alias.default.svc.cluster.local. A",
        """alias.default.svc.cluster.local. 30 IN CNAME web.default.svc.cluster.local.
           web.default.svc.cluster.local. 30 IN A 10.96.0.7""",
    ),
    Case(
        "alias2.default.svc.cluster.local. A",
        """alias2.default.svc.cluster.local. 30 IN CNAME alias.default.svc.cluster.local.
           alias.default.svc.cluster.local. 30 IN CNAME web.default.svc.cluster.local.
           web.default.svc.cluster.local. 30 IN A 10.96.0.7""",
    ),
    Case("_http._tcp.alias.default.svc.cluster.local. SRV", rcode="NXDOMAIN"),
    Case("x.alias.default.svc.cluster.local. A", rcode="NXDOMAIN"),
    # the zone itself
    Case("cluster.local. SOA", SOA),
    Case(
        "cluster.local. NS", "cluster.local. 30 IN NS ns.dns.cluster.local.", "ns.dns.cluster.local. 30 IN A 10.96.0.10"
    ),
    Case("cluster.local. A"),
    Case("ns.dns.cluster.local. A", "ns.dns.cluster.local. 30 IN A 10.96.0.10"),
    Case("dns-version.cluster.local. TXT", 'dns-version.cluster.local. 28800 IN TXT "1.1.0"'),
    Case("dns-version.cluster.local. A"),
    Case("svc.cluster.local. A"),
    Case("pod.cluster.local. A"),
    Case("default.svc.cluster.local. A"),
    Case("default.pod.cluster.local. A"),
    Case("nowhere.svc.cluster.local. A", rcode="NXDOMAIN"),
    Case("missing.default.svc.cluster.local. A", rcode="NXDOMAIN"),
    Case("web.nowhere.svc.cluster.local. A", rcode="NXDOMAIN"),
    Case("a.b.c.d.web.default.svc.cluster.local. A", rcode="NXDOMAIN"),
    Case("foo.cluster.local. A", rcode="NXDOMAIN"),
    Case("www.example.com.default.svc.cluster.local. A", rcode="NXDOMAIN"),
]


@pytest.fixture(scope="module")
def filled() -> DnsServer:
    server = DnsServer()
    for namespace in ("default", "prod", "kube-system"):
        server.catalog.namespace_changed(namespace, exists=True)
    sql = ("sql", 5432, "TCP")
    server.put(
        service("kube-dns", "10.96.0.10", namespace="kube-system"),
        service("web", "10.96.0.7", ports=[HTTP, ("dns", 53, "UDP"), ("", 9, "TCP")]),
        endpoint_slice("web-1", "web", At("10.244.0.5"), At("10.244.0.9", ready=False), ports=[("http", 8080, "TCP")]),
        service("dual", "10.96.0.8", "fd00:10:96::8", ports=[HTTP]),
        service("db", "None", namespace="prod", ports=[sql]),
        endpoint_slice(
            "db-4",
            "db",
            At("10.244.1.1", "db-0"),
            At("10.244.1.2"),
            At("10.244.1.3", ready=False),
            At("10.244.1.4", ready=None),
            At("10.244.1.5", ready=False, terminating=True),
            namespace="prod",
            ports=[sql],
        ),
        endpoint_slice("db-6", "db", At("fd00::1", "db-0"), namespace="prod", ports=[sql]),
        service("also", "None", namespace="prod"),
        endpoint_slice("also-1", "also", At("10.244.1.1"), namespace="prod"),
        service("empty", "None", namespace="prod", ports=[sql]),
        endpoint_slice("empty-1", "empty", At("10.244.2.1", ready=False), namespace="prod"),
        service("alias", external_name="web.default.svc.cluster.local"),
        service("alias2", external_name="alias.default.svc.cluster.local."),
    )
    return server


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("transport", ["udp", "edns", "tcp"])
def test_answer(filled: DnsServer, case: Case, transport: str) -> None:
    edns = {"use_edns": 0, "payload": 4096} if transport == "edns" else {}
    query = dns.message.make_query(*case.question.split(), **edns)  # type: ignore[arg-type]
    traffic = filled.tcp if transport == "tcp" else filled.udp
    for _ in range(2):  # the second answer may come from another place than the first
        check(case, query, filled.send(query, traffic))


def check(case: Case, query: dns.message.Message, answer: dns.message.Message) -> None:
    assert dns.rcode.to_text(answer.rcode()) == case.rcode
    assert section_text(answer.answer) == lines(case.answer)
    assert section_text(answer.additional) == lines(case.additional)
    assert section_text(answer.authority) == ([] if case.answer else [SOA])
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.TC
    assert answer.edns == query.edns
    assert answer.question[0].name.to_text() == case.question.split()[0]


def test_a_services_address_wins_over_an_endpoints(server: DnsServer) -> None:
    headless = (service("pods", "None"), endpoint_slice("pods-1", "pods", At("10.96.0.7")))
    server.put(*headless, service("web", "10.96.0.7"))
    answer = server.ask("7.0.96.10.in-addr.arpa. PTR").answer
    assert section_text(answer) == ["7.0.96.10.in-addr.arpa. 30 IN PTR web.default.svc.cluster.local."]


def test_an_address_that_changes_changes_the_additional_section_of_the_port(server: DnsServer) -> None:
    ports = [("http", 80, "TCP")]
    server.put(service("db", "None", ports=ports), endpoint_slice("db-1", "db", At("10.0.0.1", "db-0"), ports=ports))
    server.put(endpoint_slice("db-1", "db", At("10.0.0.2", "db-0"), ports=ports))
    answer = server.ask("_http._tcp.db.default.svc.cluster.local. SRV")
    assert section_text(answer.additional) == ["db-0.db.default.svc.cluster.local. 30 IN A 10.0.0.2"]


@pytest.mark.parametrize(
    "odd",
    [
        service("odd", "not an address"),
        service("odd", external_name="x" * 64),
        service("odd", external_name=".".join(["x" * 60] * 5)),
        service("odd", external_name="naïve.example"),
        service("o" * 64, "10.0.0.1"),
    ],
)
def test_what_makes_no_name_is_left_out(server: DnsServer, odd: Service) -> None:
    server.put(odd, service("web", "10.96.0.7"))
    assert server.ask("odd.default.svc.cluster.local. A").rcode() == dns.rcode.NXDOMAIN
    assert server.ask("web.default.svc.cluster.local. A").answer


def test_addresses_are_read_however_the_api_lets_them_be_written(server: DnsServer) -> None:
    server.put(service("web", "010.096.000.077"))
    assert section_text(server.ask("web.default.svc.cluster.local. A").answer) == [
        "web.default.svc.cluster.local. 30 IN A 10.96.0.77"
    ]


def test_a_port_whose_label_would_be_too_long_has_no_name(server: DnsServer) -> None:
    server.put(service("web", "10.96.0.7", ports=[("x" * 63, 80, "TCP")]))
    assert len(server.ask("web.default.svc.cluster.local. SRV").answer) == 1


def test_slices_of_host_names_are_not_served(server: DnsServer) -> None:
    server.put(service("web", "None"), endpoint_slice("web-1", "web", At("example.com"), address_type="FQDN"))
    assert server.ask("web.default.svc.cluster.local. A").rcode() == dns.rcode.NXDOMAIN
