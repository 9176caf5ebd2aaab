"""From the endpoints that should be to the fewest writes of slices. Pure.

Slices are never rebalanced: a write costs every node more than a slice that is not full (KEP-752).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apiserver.controllers.endpointslice import trigger_time
from apiserver.controllers.endpointslice.endpoints import Endpoints, Group, Port, key_of
from protos.kubernetes import discovery_pb2, meta_pb2

EndpointSlice = discovery_pb2.EndpointSlice


@dataclass
class Changes:
    """Slices to write. None of them is shared with what was observed."""

    create: list[EndpointSlice] = field(default_factory=list)
    update: list[EndpointSlice] = field(default_factory=list)
    delete: list[EndpointSlice] = field(default_factory=list)


def group_of(slice: EndpointSlice) -> Group:
    """The group that a slice belongs to."""
    ports = (
        Port(port.name, port.protocol, port.port, port.appProtocol if port.HasField("appProtocol") else None)
        for port in slice.ports
    )
    return Group(slice.addressType, frozenset(ports))


def plan(
    desired: Mapping[Group, Endpoints],
    families: Iterable[str],
    existing: Iterable[EndpointSlice],
    template: meta_pb2.ObjectMeta,
    size: int,
) -> Changes:
    """The writes that make the slices of one Service hold the desired endpoints, at most `size` in each.

    `template` holds the metadata that every slice should have; name and revision are kept from what exists. A family
    without endpoints keeps one empty slice, by which consumers tell "no endpoints" from "not known yet".
    """
    changes = Changes()
    by_group: dict[Group, list[EndpointSlice]] = {}
    for slice in sorted(existing, key=lambda slice: slice.metadata.name):
        by_group.setdefault(group_of(slice), []).append(slice)
    wanted = {**desired}
    for family in families:
        if not any(group.address_type == family for group in desired):
            wanted[Group(family, frozenset())] = {}
    for group, endpoints in wanted.items():
        _pack(group, endpoints, by_group.pop(group, []), template, size, changes)
    for slices in by_group.values():
        changes.delete.extend(slices)
    _reuse_deleted(changes)
    return changes


def _pack(
    group: Group,
    wanted: Endpoints,
    existing: list[EndpointSlice],
    template: meta_pb2.ObjectMeta,
    size: int,
    changes: Changes,
) -> None:
    missing = dict(wanted)
    touched: list[EndpointSlice] = []
    untouched: list[EndpointSlice] = []
    emptied: list[EndpointSlice] = []
    for slice in existing:
        kept = [missing.pop(key_of(old)) for old in slice.endpoints if key_of(old) in missing]
        if not kept and (slice.endpoints or wanted):
            emptied.append(slice)
        elif kept == [*slice.endpoints] and _has_metadata(slice, template):
            untouched.append(slice)
        else:
            touched.append(_rewritten(slice, kept, template))
    if not wanted:
        _keep_one_empty(group, touched, untouched, emptied, template, changes)
        return
    _fill(touched, missing, size)
    if missing and len(missing) < size:
        _fill_one_untouched(untouched, touched, missing, template, size)
    while missing:
        slice = _empty_slice(group, template)
        _fill([slice], missing, size)
        changes.create.append(slice)
    changes.update.extend(touched)
    changes.delete.extend(emptied)


def _keep_one_empty(
    group: Group,
    touched: list[EndpointSlice],
    untouched: list[EndpointSlice],
    emptied: list[EndpointSlice],
    template: meta_pb2.ObjectMeta,
    changes: Changes,
) -> None:
    """No endpoints at all: of the slices of the group that hold none, one stays."""
    spare = [*untouched, *touched]
    if not spare:
        changes.create.append(_empty_slice(group, template))
    elif not untouched:
        changes.update.append(touched[0])
    changes.delete.extend([*spare[1:], *emptied])


def _fill(slices: list[EndpointSlice], missing: Endpoints, size: int) -> None:
    """Moves missing endpoints into the slices, the fullest first."""
    for slice in sorted(slices, key=lambda slice: -len(slice.endpoints)):
        for key in [*missing][: max(0, size - len(slice.endpoints))]:
            slice.endpoints.append(missing.pop(key))


def _fill_one_untouched(
    untouched: list[EndpointSlice],
    touched: list[EndpointSlice],
    missing: Endpoints,
    template: meta_pb2.ObjectMeta,
    size: int,
) -> None:
    """Moves all missing endpoints into the fullest slice that has room for them; into none, if none has."""
    roomy = [slice for slice in untouched if len(slice.endpoints) + len(missing) <= size]
    if roomy:
        fullest = max(roomy, key=lambda slice: len(slice.endpoints))
        touched.append(_rewritten(fullest, [*fullest.endpoints], template))
        _fill(touched[-1:], missing, size)


def _reuse_deleted(changes: Changes) -> None:
    """One update instead of a create and a delete, where both are of one address type."""
    for new in [*changes.create]:
        old = next((slice for slice in changes.delete if slice.addressType == new.addressType), None)
        if old is None:
            continue
        changes.create.remove(new)
        changes.delete.remove(old)
        rewritten = _rewritten(old, [*new.endpoints], new.metadata)
        del rewritten.ports[:]
        rewritten.ports.extend(new.ports)
        changes.update.append(rewritten)


def _has_metadata(slice: EndpointSlice, template: meta_pb2.ObjectMeta) -> bool:
    meta = slice.metadata
    return meta.labels == template.labels and [*meta.ownerReferences] == [*template.ownerReferences]


def _rewritten(
    slice: EndpointSlice, endpoints: list[discovery_pb2.Endpoint], template: meta_pb2.ObjectMeta
) -> EndpointSlice:
    """A copy with other endpoints and the template's labels, annotations and owner."""
    copy = EndpointSlice()
    copy.CopyFrom(slice)
    del copy.endpoints[:]
    copy.endpoints.extend(endpoints)
    copy.metadata.labels.clear()
    copy.metadata.labels.update(template.labels)
    copy.metadata.annotations.pop(trigger_time.ANNOTATION, None)
    copy.metadata.annotations.update(template.annotations)
    del copy.metadata.ownerReferences[:]
    copy.metadata.ownerReferences.extend(template.ownerReferences)
    return copy


def _empty_slice(group: Group, template: meta_pb2.ObjectMeta) -> EndpointSlice:
    slice = EndpointSlice(metadata=template, addressType=group.address_type)
    for port in sorted(group.ports, key=lambda port: (port.name, port.protocol, port.port)):
        slice.ports.add(name=port.name, protocol=port.protocol, port=port.port, appProtocol=port.app_protocol)
    return slice
