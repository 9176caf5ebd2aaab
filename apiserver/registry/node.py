"""Nodes: rules of their pod ranges, taints and addresses."""

from collections.abc import Sequence

from apiserver.registry.addresses import CIDR_TEXT
from apiserver.registry.field_errors import FieldError, duplicate, forbidden, invalid, not_supported, required
from apiserver.registry.strategy import Strategy
from protos.addresses import parse_cidr
from protos.kinds import NODES
from protos.kubernetes.core_pb2 import Node, Taint
from protos.labels import label_value_faults, qualified_name_faults

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


class NodeStrategy(Strategy):
    """Nodes. A node's agent registers it with its status, so a new Node keeps the status that it comes with."""

    has_status = True

    def __init__(self) -> None:
        super().__init__(NODES)

    def default(self, new: Node) -> None:
        """podCIDR is the first of podCIDRs: who knows only one of the two writes it."""
        spec = new.spec
        if spec.podCIDR and not spec.podCIDRs:
            spec.podCIDRs.append(spec.podCIDR)
        elif spec.podCIDRs and not spec.podCIDR:
            spec.podCIDR = spec.podCIDRs[0]

    def validate(self, new: Node) -> list[FieldError]:
        errors = _validate_ranges(new) + _validate_taints(new.spec.taints)
        return errors + _validate_addresses(new)

    def validate_update(self, new: Node, old: Node) -> list[FieldError]:
        errors: list[FieldError] = []
        if old.spec.podCIDRs and list(new.spec.podCIDRs) != list(old.spec.podCIDRs):
            text = 'node updates may not change podCIDR except from "" to valid'
            errors.append(forbidden("spec.podCIDRs", text))
        if old.spec.providerID and new.spec.providerID != old.spec.providerID:
            text = 'node updates may not change providerID except from "" to valid'
            errors.append(forbidden("spec.providerID", text))
        return errors

    def validate_status(self, new: Node, old: Node) -> list[FieldError]:
        return _validate_addresses(new)


def _validate_ranges(node: Node) -> list[FieldError]:
    path, ranges = "spec.podCIDRs", node.spec.podCIDRs
    errors = [
        invalid(f"{path}[{index}]", text, CIDR_TEXT) for index, text in enumerate(ranges) if parse_cidr(text) is None
    ]
    if errors:
        return errors
    if ranges and ranges[0] != node.spec.podCIDR:
        errors.append(invalid(f"{path}[0]", ranges, "must match `podCIDR`"))
    versions = [network.version for network in map(parse_cidr, ranges) if network is not None]
    if len(versions) != len(set(versions)):
        errors.append(invalid(path, ranges, "may specify no more than one CIDR for each IP family"))
    return errors


def _validate_taints(taints: Sequence[Taint]) -> list[FieldError]:
    errors: list[FieldError] = []
    found: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        path = f"spec.taints[{index}]"
        errors += [invalid(f"{path}.key", taint.key, fault) for fault in qualified_name_faults(taint.key)]
        errors += [invalid(f"{path}.value", taint.value, fault) for fault in label_value_faults(taint.value)]
        if not taint.effect:
            errors.append(required(f"{path}.effect"))
        elif taint.effect not in _EFFECTS:
            errors.append(not_supported(f"{path}.effect", taint.effect, _EFFECTS))
        if (taint.key, taint.effect) in found:
            errors.append(duplicate(path, taint))
        found.add((taint.key, taint.effect))
    return errors


def _validate_addresses(node: Node) -> list[FieldError]:
    addresses = [(address.type, address.address) for address in node.status.addresses]
    return [
        duplicate(f"status.addresses[{index}]", node.status.addresses[index])
        for index, address in enumerate(addresses)
        if address in addresses[:index]
    ]
