import pytest

from node_agent.pods.security import DEFAULT, NAMES, identity
from protos.kubernetes import core_pb2


def names(context: core_pb2.SecurityContext) -> set[str]:
    found = identity(core_pb2.Pod(), core_pb2.Container(securityContext=context))
    return {NAMES[number] for number in found.capabilities}


def test_what_containers_have_by_default() -> None:
    assert names(core_pb2.SecurityContext()) == set(DEFAULT)
    assert "NET_ADMIN" not in DEFAULT and "SYS_ADMIN" not in DEFAULT


def test_capabilities_are_added_and_dropped() -> None:
    assert "NET_ADMIN" in names(core_pb2.SecurityContext(capabilities=core_pb2.Capabilities(add=["NET_ADMIN"])))
    dropped = core_pb2.Capabilities(add=["NET_BIND_SERVICE"], drop=["ALL"])
    assert names(core_pb2.SecurityContext(capabilities=dropped)) == set()
    assert names(core_pb2.SecurityContext(privileged=True)) == set(NAMES)


def test_an_unknown_capability_is_named() -> None:
    with pytest.raises(ValueError, match="FLYING"):
        names(core_pb2.SecurityContext(capabilities=core_pb2.Capabilities(add=["FLYING"])))


def test_the_containers_own_identity_goes_before_the_pods() -> None:
    pod = core_pb2.Pod(spec=core_pb2.PodSpec(securityContext=core_pb2.PodSecurityContext(runAsUser=7, runAsGroup=8)))
    own = core_pb2.Container(securityContext=core_pb2.SecurityContext(runAsUser=0))
    found = identity(pod, own)
    assert (found.user, found.group) == (0, 8)


def test_numbers_are_the_kernels() -> None:
    assert (NAMES.index("NET_ADMIN"), NAMES.index("SYS_ADMIN"), NAMES.index("SETFCAP"), len(NAMES)) == (12, 21, 31, 41)
