"""What packets must do, one function a scenario. Run as `scenarios.py NAME...` in a network namespace of its own."""

import contextlib
import socket
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from node_agent.conntrack.kernel import KernelConntrack
from node_agent.nft.kernel import NftError
from node_agent.nft.objects import Set, Table
from node_agent.nft.transaction import AddElements, Change, DeleteElements, DeleteTable, ReplaceTable, Transaction
from node_agent.proxy.facts import Endpoint, SliceFacts
from node_agent.proxy.rules import TABLE
from node_agent.proxy.sync import Sync
from tests.kernel.proxy import sctp
from tests.kernel.proxy.lab import (
    GATEWAY6,
    NODE,
    NODE6,
    NODE_FACTS,
    OUTSIDE,
    OUTSIDE6,
    PATIENCE,
    PODS,
    SERVICE_RANGES,
    Lab,
    Machine,
    ask,
    exchange,
    hold,
    ip,
    names,
)

FAMILIES = {"4": ("10.96.0.10", NODE, OUTSIDE), "6": ("fd96::10", NODE6, OUTSIDE6)}
A, B = PODS["a"], PODS["b"]


class Skipped(Exception):
    """The machine cannot do it; the text is the reason."""


def cluster_ip_reaches_every_endpoint(lab: Lab) -> None:
    for v6, (vip, _, outside) in enumerate(FAMILIES.values()):
        for protocol in ("TCP", "UDP"):
            port = lab.service(f"web-{protocol.lower()}", vip, protocol)
            lab.endpoints(port, "a", "b", "far")
            lab.write()
            seen = Counter(lab.pod("a")(vip, 80, protocol) for _ in range(60))
            assert names(iter(seen)) == {"a", "b", "far"}, seen
            assert min(seen.values()) >= 5, seen
            assert f"b {A[v6]}" in seen, seen  # a pod is not masqueraded,
            assert f"a {A[v6]}" not in seen, seen  # but where it reaches itself
            assert lab.client(vip, 80, protocol).split()[1] != outside  # who is no pod is
            assert ask(vip, 80, protocol).split()[0] in ("a", "b", "far")


def nobody_and_nothing_are_refused_at_once(lab: Lab) -> None:
    for vip, node, _ in FAMILIES.values():
        for protocol in ("TCP", "UDP"):
            lab.service(f"empty-{protocol.lower()}", vip, protocol, node_port=30080)
            lab.write()
            for asked in (lab.pod("a"), lab.client, ask):
                began = time.monotonic()
                assert asked(vip, 80, protocol) == "refused", (asked, vip, protocol)
                assert asked(vip, 81, protocol) == "refused", (asked, vip, protocol)  # no such port
                assert time.monotonic() - began < 0.3
            assert lab.client(node, 30080, protocol) == "refused"


def an_unallocated_address_is_silent(lab: Lab) -> None:
    for address in ("10.96.200.200", "fd96::9999"):
        assert lab.pod("a")(address, 80) == "silence"


def node_ports_answer_on_the_nodes_address_alone(lab: Lab) -> None:
    for v6, (vip, node, outside) in enumerate(FAMILIES.values()):
        port = lab.service("web", vip, node_port=30080)
        lab.endpoints(port, "a", "far")
        lab.write()
        answers = {lab.client(node, 30080) for _ in range(20)}
        assert names(iter(answers)) == {"a", "far"}
        assert not any(answer.endswith(outside) for answer in answers), answers  # the policy Cluster masquerades
        assert lab.pod("b")(node, 30080).split()[0] in ("a", "far")
        assert ask(node, 30080).split()[0] in ("a", "far")
        assert lab.client(A[v6], 30080) == "refused"  # a pod's own address is none
        assert ask("::1" if v6 else "127.0.0.1", 30080) == "refused"


def the_policy_local_keeps_the_source_and_drops_without_endpoint(lab: Lab) -> None:
    for vip, node, outside in FAMILIES.values():
        port = lab.service("web", vip, node_port=30080, external_local=True)
        lab.endpoints(port, "a", "far")
        lab.write()
        assert {lab.client(node, 30080) for _ in range(10)} == {f"a {outside}"}
        lab.endpoints(port, "far")
        lab.write()
        assert lab.client(node, 30080) == "silence"
        assert lab.pod("b")(node, 30080).startswith("far")  # the short circuit of pods,
        assert ask(node, 30080).startswith("far")  # and of the node itself
        lab.endpoints(port)
        lab.write()
        assert lab.client(node, 30080) == "refused"


def the_internal_policy_local_has_no_short_circuit(lab: Lab) -> None:
    for vip, _, _ in FAMILIES.values():
        port = lab.service("web", vip, internal_local=True)
        lab.endpoints(port, "a", "far")
        lab.write()
        assert names(lab.pod("b")(vip, 80) for _ in range(8)) == {"a"}
        lab.endpoints(port, "far")
        lab.write()
        assert lab.pod("b")(vip, 80) == "silence"
        assert ask(vip, 80) == "silence"


def who_is_masqueraded(lab: Lab) -> None:
    external = ("10.9.0.220", "fd09::220")
    for v6, (vip, node, outside) in enumerate(FAMILIES.values()):
        lab.outside.ip(f"route replace {external[v6]} via {GATEWAY6 if v6 else node} dev eth0")
        for protocol in ("TCP", "UDP"):
            without_local = ((True, ("far",), 0), (True, ("far",), 9)) if protocol == "TCP" else ()
            for local, pods, sticky in ((False, ("b",), 0), (False, ("b",), 9), (True, ("b",), 0), *without_local):
                port = lab.service(
                    f"seen-{protocol.lower()}",
                    vip,
                    protocol,
                    node_port=30080,
                    external_ips=(external[v6],),
                    external_local=local,
                    affinity_seconds=sticky,
                )
                lab.endpoints(port, *pods)
                lab.write()
                seen = Seen(lab, protocol, pods[0], (A[v6], outside, node))
                seen.by(vip, 80, pod="kept", outside="changed", node="the node")
                for address, number in ((node, 30080), (external[v6], 80)):
                    if not local:
                        seen.by(address, number, pod="changed", outside="changed", node="the node")
                    elif pods == ("b",):
                        seen.by(address, number, pod="kept", outside="kept", node="the node")
                    else:
                        seen.by(address, number, pod="kept", outside="silence", node="the node")


def pods_are_masqueraded_where_all_shall_be(lab: Lab) -> None:
    for v6, (vip, node, _) in enumerate(FAMILIES.values()):
        for sticky in (0, 9):
            port = lab.service("seen", vip, affinity_seconds=sticky, node_port=30080, external_local=True)
            lab.endpoints(port, "b")
            for everybody, wanted in ((True, "changed"), (False, "kept")):
                lab.changes.drain()
                lab.sync.full(replace(NODE_FACTS, masquerade_all=everybody))
                seen = Seen(lab, "TCP", "b", (A[v6], OUTSIDE6 if v6 else OUTSIDE, node))
                seen.by(vip, 80, pod=wanted, outside="changed", node="the node")
                seen.by(node, 30080, pod="kept", outside="kept", node="the node")


class Seen:
    """What an endpoint sees of the clients, as words."""

    def __init__(self, lab: Lab, protocol: str, endpoint: str, addresses: tuple[str, str, str]) -> None:
        self._protocol = protocol
        self._endpoint = endpoint
        self._pod, self._outside, self._node = addresses
        self._clients: dict[str, Callable[..., str]] = {"pod": lab.pod("a"), "outside": lab.client, "node": ask}

    def by(self, address: str, port: int, **wanted: str) -> None:
        found = {who: self._word(who, client(address, port, self._protocol)) for who, client in self._clients.items()}
        assert found == wanted, (address, port, self._protocol, found)

    def _word(self, who: str, answer: str) -> str:
        if not answer.startswith(f"{self._endpoint} "):
            return answer
        client = answer.split()[1]
        if client == {"pod": self._pod, "outside": self._outside}.get(who):
            return "kept"
        return "the node" if who == "node" else "changed"


def choice_is_uniform(lab: Lab) -> None:
    port = lab.service("web", "10.96.0.10")
    lab.endpoints(port, "a", "b", "far")
    lab.write()
    seen = Counter(lab.client("10.96.0.10", 80).split()[0] for _ in range(300))
    # Of 300 connections over three, one in 100,000 runs has an endpoint with fewer than 65 or more than 136.
    assert all(65 <= seen[name] <= 136 for name in PODS), seen


def terminating_endpoints_stand_in(lab: Lab) -> None:
    port = lab.service("web", "10.96.0.10", node_port=30080, external_local=True)
    lab.endpoints(port, "a", terminating=True)
    lab.write()
    assert lab.pod("b")("10.96.0.10", 80).startswith("a")
    assert lab.client(NODE, 30080) == f"a {OUTSIDE}"


def source_ranges_hold_for_load_balancer_addresses(lab: Lab) -> None:
    for (vip, node, outside), address in zip(FAMILIES.values(), ("10.9.0.200", "fd09::200"), strict=True):
        for ranges, seen in (((f"{outside}",), "a"), (("10.50.0.0/16", "fd50::/64", "10.50.3.0/24"), "silence")):
            wide = tuple(r if "/" in r else f"{r}/{128 if ':' in r else 32}" for r in ranges)
            port = lab.service("lb", vip, node_port=30080, load_balancer_ips=(address,), source_ranges=wide)
            lab.endpoints(port, "a")
            lab.write()
            gateway = GATEWAY6 if ":" in address else node
            lab.outside.ip(f"route replace {address} via {gateway} dev eth0")
            assert lab.client(address, 80).split()[0] == seen, (address, wide)
            assert lab.client(node, 30080).startswith("a")
            assert lab.client(vip, 80).startswith("a")


def this_node_among_the_sources_may_speak_from_an_address_that_it_holds(lab: Lab) -> None:
    for (vip, node, _), address, bits in zip(FAMILIES.values(), ("10.9.0.201", "fd09::201"), (32, 128), strict=True):
        port = lab.service("lb", vip, load_balancer_ips=(address,), source_ranges=(f"{node}/{bits}",))
        lab.endpoints(port, "a")
        lab.write()
        hold(address)
        try:
            assert ask(address, 80).startswith("a")
            assert ask(address, 80, source=address).startswith("a")
            assert lab.pod("b")(address, 80) == "silence"
        finally:
            ip(f"addr del {address}/{bits} dev lo")


def an_address_that_changes_hands_serves_the_new_owner(lab: Lab) -> None:
    first = lab.service("first", "10.96.0.10")
    lab.endpoints(first, "a")
    lab.write()
    lab.changes.put_service(first.name.service, None)
    lab.endpoints(lab.service("second", "10.96.0.10"), "b")
    lab.write()
    assert names(lab.client("10.96.0.10", 80) for _ in range(6)) == {"b"}


def a_table_of_another_release_is_made_anew(lab: Lab) -> None:
    other = Table("ip", TABLE, (Set("services", "ipv4_addr", "verdict"), Set("old", "mark")))
    lab.nft.run(Transaction([ReplaceTable(other)]))
    port = lab.service("web", "10.96.0.10")
    lab.endpoints(port, "a")
    lab.changes.drain()
    lab.write(full=True)
    assert lab.client("10.96.0.10", 80).startswith("a")
    assert not lab.nft.elements("ip", TABLE, "old")


def a_table_that_somebody_deleted_is_written_again(lab: Lab) -> None:
    port = lab.service("web", "10.96.0.10")
    lab.endpoints(port, "a")
    lab.write()
    lab.nft.run(Transaction([DeleteTable("ip", TABLE)]))
    lab.endpoints(port, "b")
    try:
        lab.write()
    except NftError:
        assert not lab.sync.trusts_the_kernel
        lab.write(full=True)
    else:
        raise AssertionError("a change went into a table that is not there")
    assert lab.client("10.96.0.10", 80).startswith("b")


def changes_under_load_are_not_noticed(lab: Lab) -> None:
    """Endpoints come and go while clients connect: nobody is refused, and nobody waits."""
    port = lab.service("web", "10.96.0.10", node_port=30080)
    lab.endpoints(port, "a", "b", "far")
    lab.write()
    with load(lab, ("10.96.0.10", 80), (NODE, 30080)) as failures:
        for number in range(60):
            lab.endpoints(port, *(("a", "b", "far"), ("a", "b"), ("a",))[number % 3])
            lab.write()
    assert not failures, Counter(failures)


@contextlib.contextmanager
def load(lab: Lab, *targets: tuple[str, int]) -> Iterator[list[str]]:
    """Connects as fast as it can meanwhile; the list fills with what was not an answer."""
    done, failures = threading.Event(), list[str]()

    def connect() -> None:
        while not done.is_set():
            answers = (lab.client(*target) for target in targets)
            failures.extend(answer for answer in answers if answer in ("refused", "silence"))

    loader = threading.Thread(target=connect)
    loader.start()
    try:
        yield failures
    finally:
        done.set()
        loader.join()


def affinity_sticks_slides_and_ends(lab: Lab) -> None:
    for vip, node, _ in FAMILIES.values():
        port = lab.service("sticky", vip, node_port=30080, affinity_seconds=1)
        lab.endpoints(port, "a", "b", "far")
        lab.write()
        first = lab.client(vip, 80).split()[0]
        for _ in range(6):
            time.sleep(0.25)
            assert lab.client(vip, 80).split()[0] == first  # every connection prolongs it
        assert {lab.client(node, 30080).split()[0] for _ in range(5)} == {first}  # over all addresses of the port
        others = {pod: {lab.pod(pod)(vip, 80).split()[0] for _ in range(4)} for pod in PODS}
        assert all(len(found) == 1 for found in others.values()), others
        clients = (lab.client, lab.pod("a"), lab.pod("b"), lab.pod("far"), ask)
        kept = [client(vip, 80).split()[0] for client in clients]
        for _ in range(8):
            time.sleep(1.1)
            if [client(vip, 80).split()[0] for client in clients] != kept:
                break
        else:
            raise AssertionError("clients that stayed away were never given other endpoints")


def affinity_outlives_a_full_sync_and_leaves_dead_endpoints(lab: Lab) -> None:
    for vip, _, _ in FAMILIES.values():
        port = lab.service("sticky", vip, affinity_seconds=60)
        lab.endpoints(port, "a", "b", "far")
        lab.write()
        first = lab.client(vip, 80).split()[0]
        lab.write(full=True)
        assert {lab.client(vip, 80).split()[0] for _ in range(8)} == {first}
        rest = [name for name in PODS if name != first]
        lab.endpoints(port, *rest)
        lab.write()
        second = {lab.client(vip, 80).split()[0] for _ in range(8)}
        assert len(second) == 1, second
        assert second <= set(rest)
        lab.endpoints(port, "a", "b", "far")
        lab.write()
        assert {lab.client(vip, 80).split()[0] for _ in range(8)} == second  # who came back takes nobody away


def a_service_grows_past_the_chains_that_are_there(lab: Lab) -> None:
    for vip, _, _ in FAMILIES.values():
        port = lab.service("big", vip)
        for count in (16, 17, 33, 3):
            pod = PODS["a"][":" in vip]
            many = tuple(Endpoint(pod, 9000 + n, True, True, False, "node-1") for n in range(count))
            lab.changes.put_slice(("default", "big"), SliceFacts(port.name.service, {("", "TCP"): many}))
            lab.write()
            servers = [lab.pods["a"].serve("TCP", 9000 + n, name=str(n)) for n in range(count)]
            try:
                seen = {lab.client(vip, 80).split()[0] for _ in range(count * 6)}
            finally:
                for server in servers:
                    server.shutdown(socket.SHUT_RDWR)
                    server.close()
            assert len(seen) > count * 0.8, (count, seen)


def full_passes_under_load_are_not_noticed(lab: Lab) -> None:
    """Also not by way of another proxy, as after a restart of the agent."""
    port = lab.service("web", "10.96.0.10", node_port=30080)
    lab.endpoints(port, "a", "b")
    lab.write()
    with load(lab, ("10.96.0.10", 80), (NODE, 30080)) as failures:
        for number in range(40):
            if number % 4 == 0:
                lab.sync = Sync(lab.changes, lab.nft, SERVICE_RANGES)
            lab.write(full=True)
    assert not failures, Counter(failures)


def connections_stay_whatever_happens_to_rules(lab: Lab) -> None:
    port = lab.service("web", "10.96.0.10")
    lab.endpoints(port, "a")
    lab.write()
    client = lab.outside.run(socket.socket, socket.AF_INET, socket.SOCK_STREAM)
    server = lab.pods["b"].run(socket.socket, socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("", 9999))
    server.listen()
    here = (Endpoint(PODS["b"][0], 9999, True, True, False, "node-1"),)
    lab.changes.put_slice(("default", "web-False"), SliceFacts(port.name.service, {("", "TCP"): here}))
    lab.write()
    client.settimeout(2)
    client.connect(("10.96.0.10", 80))
    held, _ = server.accept()
    lab.endpoints(port, "a")
    lab.write()
    lab.write(full=True)
    client.sendall(b"still there?")
    assert held.recv(100) == b"still there?"
    for each in (client, server, held):
        each.close()


def udp_flows_leave_endpoints_that_are_gone(lab: Lab) -> None:
    for vip, node, _ in FAMILIES.values():
        family = socket.AF_INET6 if ":" in vip else socket.AF_INET
        for address, number in ((vip, 53), (node, 30053)):
            port = lab.service("dns", vip, "UDP", 53, node_port=30053)
            lab.endpoints(port, "a")
            lab.write()
            client = lab.outside.run(socket.socket, family, socket.SOCK_DGRAM)
            client.settimeout(0.4)
            assert exchange(client, address, number).startswith("a")
            lab.endpoints(port, "b")
            lab.write()
            assert exchange(client, address, number).startswith("b"), "the flow stayed with an endpoint that is gone"
            lab.endpoints(port)
            lab.write()
            assert exchange(client, address, number) == "refused"
            lab.endpoints(port, "a")
            lab.write()
            assert exchange(client, address, number).startswith("a"), "the flow stayed where nobody was"
            client.close()


def udp_flows_stay_with_an_endpoint_that_still_serves(lab: Lab) -> None:
    for vip, _, _ in FAMILIES.values():
        port = lab.service("dns", vip, "UDP", 53)
        lab.endpoints(port, "a")
        lab.write()
        client = lab.outside.run(socket.socket, socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(0.4)
        assert exchange(client, vip, 53).startswith("a")
        pods = {name: Endpoint(PODS[name][":" in vip], 8080, True, True, False, NODE_FACTS.name) for name in "ab"}
        for ending, answering in (
            ([replace(pods["a"], ready=False, terminating=True)], "a"),
            ([replace(pods["a"], ready=False, serving=False, terminating=True)], "b"),
        ):
            facts = SliceFacts(port.name.service, {("", "UDP"): (pods["b"], *ending)})
            lab.changes.put_slice(("default", f"dns-{':' in vip}"), facts)
            lab.write()
            assert exchange(client, vip, 53).startswith(answering)
            assert lab.client(vip, 53, "UDP").startswith("b")
        client.close()


def only_the_flows_that_are_told_are_forgotten(lab: Lab) -> None:
    for vip, _, _ in FAMILIES.values():
        for protocol in ("TCP", "UDP"):
            lab.endpoints(lab.service(f"flows-{protocol.lower()}", vip, protocol), "a")
        lab.write()
        for protocol in ("TCP", "UDP", "UDP"):
            assert lab.client(vip, 80, protocol).startswith("a")
        conntrack = KernelConntrack()
        first, second = (flow for flow in conntrack.udp_flows() if flow.vip == (vip, 80))
        assert first.answerer == (PODS["a"][":" in vip], 8080)
        conntrack.delete([first, first])  # the second time it has ended
        assert [flow for flow in conntrack.udp_flows() if flow.vip == (vip, 80)] == [second]


def sctp_is_balanced(lab: Lab) -> None:
    try:
        server = lab.pods["a"].serve("SCTP", 8080)
    except OSError as error:
        raise Skipped(f"optional: this kernel has no SCTP sockets ({error})") from None
    port = lab.service("sctp", "10.96.0.10", "SCTP")
    lab.endpoints(port, "a")
    lab.write()
    try:
        assert lab.client("10.96.0.10", 80, "SCTP").startswith("a")
    finally:
        server.close()


def sctp_packets_are_translated_and_refused(lab: Lab) -> None:
    """Packets made by hand, which need conntrack to know SCTP, but no sockets for it."""
    servers = [lab.pods[name].run(sctp.raw_socket, family) for name in PODS for family in RAW]
    for server, name in zip(servers, (name for name in PODS for _ in RAW), strict=True):
        sctp.serve(server, 8080, name)
    for v6, (vip, node, outside) in enumerate(FAMILIES.values()):
        port = lab.service("sctp", vip, "SCTP", node_port=30080)
        lab.endpoints(port, "b", "far")
        lab.write()
        assert {asks(lab.pods["a"], vip, 80) for _ in range(16)} == {f"b {A[v6]}", f"far {A[v6]}"}
        for address, number in ((vip, 80), (node, 30080)):
            seen = [asks(lab.outside, address, number) for _ in range(16)]
            assert names(iter(seen)) == {"b", "far"}, seen
            assert not any(answer.endswith(f" {outside}") for answer in seen), seen  # masqueraded
        again = {asks(lab.outside, node, 30080, 7777) for _ in range(8)}
        assert len(names(iter(again))) == 1, again  # one association stays
        local = lab.service("sctp", vip, "SCTP", node_port=30080, external_local=True, internal_local=True)
        lab.endpoints(local, "b", "far")
        lab.write()
        assert {asks(lab.outside, node, 30080) for _ in range(8)} == {f"b {outside}"}
        itself = asks(lab.pods["b"], vip, 80)
        assert itself.startswith("b "), itself
        assert not itself.endswith(f" {B[v6]}"), itself
        lab.endpoints(local, "far")
        lab.write()
        assert asks(lab.outside, node, 30080) == "silence"
        assert asks(lab.pods["a"], vip, 80) == "silence"
        lab.endpoints(local)
        lab.write()
        for client, address, number in ((lab.pods["a"], vip, 80), (lab.pods["a"], vip, 81), (lab.outside, node, 30080)):
            assert asks(client, address, number) == "refused", (client.name, address, number)
    for server in servers:
        server.close()


RAW = (socket.AF_INET, socket.AF_INET6)


def asks(client: Machine, address: str, port: int, source: int = 0) -> str:
    return client.run(sctp.ask, address, port, PATIENCE, source)


def the_older_of_two_claimants_answers(lab: Lab) -> None:
    address = "10.9.0.210"
    lab.outside.ip(f"route replace {address} via {NODE} dev eth0")
    for name, vip, pod, created in (("young", "10.96.0.21", "b", 20), ("old", "10.96.0.20", "a", 10)):
        port = lab.service(name, vip, external_ips=(address,), created=created)
        lab.endpoints(port, pod)
        lab.write()
    assert names(lab.client(address, 80) for _ in range(6)) == {"a"}
    lab.changes.put_service(port.name.service, None)
    lab.write()
    assert names(lab.client(address, 80) for _ in range(6)) == {"b"}


def elements_of_an_earlier_run_are_gone(lab: Lab) -> None:
    port = lab.service("web", "10.96.0.10")
    lab.endpoints(port, "a")
    lab.write()
    lab.reset()  # another proxy, which knows nothing of that Service
    assert lab.client("10.96.0.10", 80) == "silence"
    assert not lab.nft.elements("ip", TABLE, "services")


def what_the_kernel_refuses_changes_nothing(lab: Lab) -> None:
    port = lab.service("web", "10.96.0.10")
    lab.endpoints(port, "a")
    lab.write()
    before = lab.nft.elements("ip", TABLE, "services")
    new = {"10.96.0.11 . tcp . 80": "1"}
    refusals: tuple[list[Change], ...] = (
        [AddElements("ip", TABLE, "services", new), AddElements("ip", TABLE, "no-such-map", {"1": "2"})],
        [
            AddElements("ip", TABLE, "services", new),
            DeleteElements("ip", TABLE, "services", ("10.96.0.99 . tcp . 80",)),
        ],
        [
            AddElements("ip", TABLE, "services", new),
            AddElements("ip", TABLE, "treatments", {"99": "goto no-such-chain"}),
        ],
    )
    for refused in refusals:
        try:
            lab.nft.run(Transaction(refused))
        except NftError:
            assert lab.nft.elements("ip", TABLE, "services") == before
        else:
            raise AssertionError(f"not refused: {refused}")


def main(wanted: list[str]) -> None:
    lab = Lab()
    for name in wanted:
        try:
            lab.reset()
            globals()[name](lab)
        except Skipped as reason:
            print(f"skipped {name}: {reason}", flush=True)
        except Exception as error:
            traceback.print_exc()
            print(f"failed {name}: {type(error).__name__} {' '.join(str(error).split())[:600]}", flush=True)
        else:
            print(f"ok {name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
