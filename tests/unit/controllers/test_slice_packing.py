"""Packing: every wanted endpoint once, no slice too full, few writes, and nothing to do the second time."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from apiserver.controllers.endpointslice import packing
from apiserver.controllers.endpointslice.endpoints import EndpointKey, Endpoints, Group, Port, key_of
from protos.kubernetes import core_pb2, discovery_pb2, meta_pb2

SIZE = 4
HTTP = Group("IPv4", frozenset({Port("http", "TCP", 80, None)}))
HIGH = Group("IPv4", frozenset({Port("http", "TCP", 8080, None)}))
TEMPLATE = meta_pb2.ObjectMeta(generateName="web-", namespace="ns", labels={"kubernetes.io/service-name": "web"})

Slices = dict[str, discovery_pb2.EndpointSlice]


def endpoints(numbers: Iterable[int], *, ready: bool = True) -> Endpoints:
    found = {}
    for number in sorted(numbers):
        address = f"10.244.0.{number}"
        found[EndpointKey(f"uid-{number}", address)] = discovery_pb2.Endpoint(
            addresses=[address],
            conditions=discovery_pb2.EndpointConditions(ready=ready),
            targetRef=core_pb2.ObjectReference(kind="Pod", uid=f"uid-{number}"),
        )
    return found


class World:
    """The slices of one Service, and how they were written."""

    def __init__(self) -> None:
        self.slices: Slices = {}
        self.names = 0

    def reconcile(
        self,
        desired: dict[Group, Endpoints],
        families: tuple[str, ...] = ("IPv4",),
        template: meta_pb2.ObjectMeta = TEMPLATE,
    ) -> packing.Changes:
        before = {name: slice.SerializeToString(deterministic=True) for name, slice in self.slices.items()}
        changes = packing.plan(desired, families, self.slices.values(), template, SIZE)
        after = {name: slice.SerializeToString(deterministic=True) for name, slice in self.slices.items()}
        assert before == after, "planning edited what was observed"
        for slice in changes.create:
            self.names += 1
            slice.metadata.name = f"web-{self.names}"
            self.slices[slice.metadata.name] = slice
        for slice in changes.update:
            assert slice.metadata.name in self.slices
            self.slices[slice.metadata.name] = slice
        for slice in changes.delete:
            del self.slices[slice.metadata.name]
        return changes

    def numbers(self) -> list[list[int]]:
        """The endpoint numbers in each slice."""
        return sorted(
            sorted(int(key_of(endpoint).address.rsplit(".")[-1]) for endpoint in slice.endpoints)
            for slice in self.slices.values()
        )


def counts(changes: packing.Changes) -> tuple[int, int, int]:
    return len(changes.create), len(changes.update), len(changes.delete)


states = st.lists(
    st.dictionaries(
        st.sampled_from([HTTP, HIGH, HTTP._replace(address_type="IPv6")]),
        st.tuples(st.sets(st.integers(0, 12)), st.booleans()),
        max_size=3,
    ),
    min_size=1,
    max_size=6,
)


@given(states)
def test_any_history_ends_with_each_endpoint_once_and_nothing_left_to_write(
    history: list[dict[Group, tuple[set[int], bool]]],
) -> None:
    world = World()
    families = ("IPv4", "IPv6")
    for state in history:
        desired = {group: endpoints(numbers, ready=ready) for group, (numbers, ready) in state.items() if numbers}
        world.reconcile(desired, families)
        held: dict[Group, list[discovery_pb2.Endpoint]] = {}
        for slice in world.slices.values():
            assert len(slice.endpoints) <= SIZE
            held.setdefault(packing.group_of(slice), []).extend(slice.endpoints)
        for group, wanted in desired.items():
            found = held.pop(group)
            assert len(found) == len(wanted)
            assert {key_of(endpoint): endpoint for endpoint in found} == wanted
        for group, found in held.items():
            assert found == []
            assert not any(there.address_type == group.address_type for there in desired)
        assert {slice.addressType for slice in world.slices.values()} == set(families)
        assert counts(world.reconcile(desired, families)) == (0, 0, 0)


def test_a_service_without_endpoints_keeps_one_empty_slice_a_family() -> None:
    world = World()
    assert counts(world.reconcile({}, ("IPv4", "IPv6"))) == (2, 0, 0)
    assert [len(slice.endpoints) + len(slice.ports) for slice in world.slices.values()] == [0, 0]


def test_the_first_endpoints_take_over_the_empty_slice() -> None:
    world = World()
    world.reconcile({})
    assert counts(world.reconcile({HTTP: endpoints({1, 2})})) == (0, 1, 0)
    assert counts(world.reconcile({})) == (0, 1, 0)


def test_101_pods_fill_one_slice_and_begin_another() -> None:
    world = World()
    world.reconcile({HTTP: endpoints(range(SIZE + 1))})
    assert world.numbers() == [[0, 1, 2, 3], [4]]


def test_one_endpoint_less_rewrites_its_slice_alone() -> None:
    world = World()
    world.reconcile({HTTP: endpoints(range(8))})
    assert counts(world.reconcile({HTTP: endpoints(set(range(8)) - {5})})) == (0, 1, 0)


def test_a_replaced_endpoint_costs_one_write() -> None:
    world = World()
    world.reconcile({HTTP: endpoints(range(8))})
    assert counts(world.reconcile({HTTP: endpoints({0, 1, 2, 9, 4, 5, 6, 7})})) == (0, 1, 0)


def test_few_new_endpoints_go_into_the_fullest_slice_that_has_room() -> None:
    world = World()
    world.reconcile({HTTP: endpoints(range(12))})
    world.reconcile({HTTP: endpoints({0, 1, 2, 4, 8, 9})})
    assert world.numbers() == [[0, 1, 2], [4], [8, 9]]
    assert counts(world.reconcile({HTTP: endpoints({0, 1, 2, 4, 8, 9, 10})})) == (0, 1, 0)
    assert world.numbers() == [[0, 1, 2, 10], [4], [8, 9]]


def test_slices_are_never_rebalanced() -> None:
    world = World()
    world.reconcile({HTTP: endpoints(range(8))})
    world.reconcile({HTTP: endpoints({0, 4})})
    assert world.numbers() == [[0], [4]]


def test_pods_that_resolve_a_port_differently_get_slices_of_their_own() -> None:
    world = World()
    world.reconcile({HTTP: endpoints({1}), HIGH: endpoints({2})})
    assert sorted((slice.ports[0].port, len(slice.endpoints)) for slice in world.slices.values()) == [
        (80, 1),
        (8080, 1),
    ]


def test_changed_labels_reach_every_slice() -> None:
    world = World()
    world.reconcile({HTTP: endpoints(range(8))})
    labelled = meta_pb2.ObjectMeta()
    labelled.CopyFrom(TEMPLATE)
    labelled.labels["team"] = "a"
    assert counts(world.reconcile({HTTP: endpoints(range(8))}, template=labelled)) == (0, 2, 0)
    assert {slice.metadata.labels["team"] for slice in world.slices.values()} == {"a"}


def test_a_dropped_family_loses_its_slices() -> None:
    world = World()
    six = HTTP._replace(address_type="IPv6")
    world.reconcile({HTTP: endpoints({1}), six: endpoints({1})}, ("IPv4", "IPv6"))
    assert counts(world.reconcile({HTTP: endpoints({1})}, ("IPv4",))) == (0, 0, 1)
