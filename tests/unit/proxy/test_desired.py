"""What a change of elements means for the kernel."""

from node_agent.nft.transaction import AddElements, DeleteElements
from node_agent.proxy.desired import Desired, bare
from node_agent.proxy.elements import ElementSets
from node_agent.proxy.facts import ServiceName, ServicePortName

WEB, API = (ServicePortName(ServiceName("default", name), "", "TCP") for name in ("web", "api"))


def test_a_changed_value_is_deleted_and_added_and_the_rest_is_left_alone() -> None:
    desired = Desired()
    desired.update({WEB: {"services": {'k comment "default/web"': "3", "other": "1"}}})
    changes = (
        desired.update({WEB: {"services": {'k comment "default/web"': "2", "other": "1"}}}).transaction("ip").changes
    )
    assert changes == [
        DeleteElements("ip", "svclab", "services", ("k",)),
        AddElements("ip", "svclab", "services", {'k comment "default/web"': "2"}),
    ]


def test_deletions_of_all_come_before_additions_of_any() -> None:
    desired = Desired()
    desired.update({WEB: {"services": {"k": "3"}, "endpoints": {"k . 0": "a"}}})
    change = {WEB: {}, API: {"services": {"k": "1"}}}
    kinds = [type(found).__name__ for found in desired.update(change).transaction("ip").changes]
    assert kinds == ["DeleteElements", "DeleteElements", "AddElements"]


def test_what_changes_hands_unchanged_is_not_touched() -> None:
    desired = Desired()
    desired.update({WEB: {"services": {"k": "3"}}})
    assert not desired.update({WEB: {}, API: {"services": {"k": "3"}}}).transaction("ip")


def test_what_several_want_goes_with_the_last() -> None:
    desired, pod = Desired(), "10.244.1.5 . 10.244.1.5"
    sets: ElementSets = {"hairpin": {pod: ""}}
    assert desired.update({WEB: sets}).transaction("ip").changes == [AddElements("ip", "svclab", "hairpin", {pod: ""})]
    assert not desired.update({API: sets}).transaction("ip")
    assert not desired.update({WEB: {}}).transaction("ip")
    assert not desired.update({API: sets}).transaction("ip")
    assert desired.update({API: {}}).transaction("ip").changes == [DeleteElements("ip", "svclab", "hairpin", (pod,))]


def test_who_was_never_there_may_go() -> None:
    assert not Desired().update({WEB: {}}).transaction("ip")


def test_bare() -> None:
    assert bare('10.96.0.1 . tcp . 80 comment "a/b"') == "10.96.0.1 . tcp . 80"
    assert bare("10.96.0.1") == "10.96.0.1"
