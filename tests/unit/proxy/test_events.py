"""What the proxy says to the users of Services that it cannot serve as they want it."""

import errno
import os
from typing import Any

import pytest

from node_agent.proxy.contests import Contests
from node_agent.proxy.events import ProxyEvents
from node_agent.proxy.facts import ServiceName, ServicePortName
from node_agent.proxy.sync import Served
from protos.kubernetes import core_pb2
from tests.unit.proxy.objects import service
from tests.unit.proxy.test_topology import PORT

VIP = "192.0.2.1 . tcp . 80"
Told = list[tuple[str, str, str]]


def proxy_events(*services: core_pb2.Service) -> tuple[ProxyEvents, Told]:
    told: Told = []
    known = {(found.metadata.namespace, found.metadata.name): found for found in services}
    events = ProxyEvents(
        lambda found, reason, text: told.append((found.metadata.name, reason, text)),
        lambda namespace, name: known.get((namespace, name)),
        "node-1",
    )
    return events, told


def name(service_name: str) -> ServicePortName:
    return ServicePortName(ServiceName("default", service_name), "", "TCP")


@pytest.mark.parametrize(
    ("vip", "shown"),
    [(VIP, "192.0.2.1:80/TCP"), ("2001:db8::1 . udp . 53", "[2001:db8::1]:53/UDP")],
)
def test_who_loses_an_address_is_told_by_whom(vip: str, shown: str) -> None:
    events, told = proxy_events(service("young", "10.96.0.10"))
    events.contested(name("young"), vip, name("old"))
    events.contested(name("gone"), vip, name("old"))
    text = f"{shown} is claimed by Service default/old too, which has it"
    assert told == [("young", "AddressConflict", text)]


def test_a_health_check_port_that_somebody_else_has() -> None:
    events, told = proxy_events(service("web", "10.96.0.10"))
    events.health_port_failed(ServiceName("default", "web"), 30100, OSError(errno.EADDRINUSE, os.strerror(98)))
    text = 'node node-1 failed to start healthcheck "default/web" on port 30100: Address already in use'
    assert told == [("web", "FailedToStartServiceHealthcheck", text)]


def test_addresses_of_a_family_that_the_service_does_not_have() -> None:
    events, told = proxy_events()
    fields: dict[str, Any] = {
        "externalIPs": ["192.0.2.1", "2001:db8::1", "2001:db8::2"],
        "loadBalancerSourceRanges": ["10.0.0.0/8", "fd00::/8"],
        "ingress": ["192.0.2.9", "2001:db8::9"],
    }
    web = service("web", "10.96.0.10", **fields)
    events.service_changed(None, web)
    texts = [
        "2001:db8::1,2001:db8::2 in externalIPs has incorrect IP version",
        "fd00::/8 in loadBalancerSourceRanges has incorrect IP version",
        "2001:db8::9 in Load balancer ingress IPs has incorrect IP version",
    ]
    assert told == [("web", "KubeProxyIncorrectIPVersion", text) for text in texts]
    told.clear()
    events.service_changed(web, web)
    events.service_changed(web, None)
    events.service_changed(None, service("both", ["10.96.0.10", "fd96::10"], **fields))
    events.service_changed(None, service("headless", "None", **fields))
    assert told == []


def test_a_loss_is_told_once_and_again_when_another_wins() -> None:
    told: list[ServicePortName] = []
    contests = Contests(lambda loser, vip, holder: told.append(holder))

    def commit(*holders: str) -> None:
        lost = dict.fromkeys([VIP], name(holders[0])) if holders else {}
        contests.committed({PORT.name: Served(PORT, {}, {}, lost)}, ())

    for holders in (["old"], ["old"], ["older"], [], ["older"]):
        commit(*holders)
    contests.committed({}, {PORT.name})
    commit("older")
    assert [found.service.name for found in told] == ["old", "older", "older", "older"]
