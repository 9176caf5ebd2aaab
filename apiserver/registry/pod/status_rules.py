"""A Pod's addresses in its status: the older fields podIP and hostIP are the first of podIPs and hostIPs."""

from collections.abc import Sequence

from apiserver.registry.addresses import ADDRESS_TEXT
from apiserver.registry.field_errors import FieldError, duplicate, invalid
from protos.addresses import parse_address
from protos.kubernetes.core_pb2 import PodStatus


def complete_addresses(status: PodStatus) -> None:
    """Fills in whichever of a pair of fields is unset."""
    if status.podIP and not status.podIPs:
        status.podIPs.add(ip=status.podIP)
    elif status.podIPs and not status.podIP:
        status.podIP = status.podIPs[0].ip
    if status.hostIP and not status.hostIPs:
        status.hostIPs.add(ip=status.hostIP)
    elif status.hostIPs and not status.hostIP:
        status.hostIP = status.hostIPs[0].ip


def validate_status(status: PodStatus) -> list[FieldError]:
    """One address for each IP family, podIP the first of podIPs."""
    errors: list[FieldError] = []
    for name, first in (("podIPs", status.podIP), ("hostIPs", status.hostIP)):
        addresses = [entry.ip for entry in getattr(status, name)]
        errors += _validate_addresses(addresses, f"status.{name}")
        if addresses and addresses[0] != first:
            errors.append(invalid(f"status.{name}[0].ip", addresses[0], f"must be equal to `{name[:-1]}`"))
    return errors


def _validate_addresses(addresses: Sequence[str], path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    versions: list[int] = []
    for index, text in enumerate(addresses):
        address = parse_address(text)
        if address is None:
            errors.append(invalid(f"{path}[{index}].ip", text, ADDRESS_TEXT))
        else:
            versions.append(address.version)
        if text in addresses[:index]:
            errors.append(duplicate(f"{path}[{index}]", text))
    if len(versions) != len(set(versions)):
        errors.append(invalid(path, addresses, "may specify no more than one IP for each IP family"))
    return errors
