"""Rules of clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, one by one and together."""

from collections.abc import Sequence

from apiserver.registry.addresses import ADDRESS_TEXT, family
from apiserver.registry.field_errors import FieldError, duplicate, forbidden, invalid, not_supported, required
from apiserver.registry.service.facts import EXTERNAL_NAME, NONE, is_headless
from protos.addresses import parse_address
from protos.kubernetes.core_pb2 import Service

ADDRESSES = "spec.clusterIPs"
FAMILIES = "spec.ipFamilies"
POLICY = "spec.ipFamilyPolicy"
_FAMILIES = ("IPv4", "IPv6")
_POLICIES = ("SingleStack", "PreferDualStack", "RequireDualStack")


def validate_addresses(service: Service) -> list[FieldError]:
    """Each field by itself, then clusterIPs against ipFamilies once the addresses are addresses."""
    spec = service.spec
    if spec.type == EXTERNAL_NAME:
        return []  # it has none at all: forbid_addresses
    errors: list[FieldError] = []
    if spec.clusterIP and not spec.clusterIPs:
        errors.append(required(ADDRESSES))
    if not spec.clusterIP and spec.clusterIPs:
        errors.append(invalid(ADDRESSES, spec.clusterIPs, "must be empty when `clusterIP` is not specified"))
    if spec.clusterIP and spec.clusterIPs and spec.clusterIP != spec.clusterIPs[0]:
        errors.append(invalid(ADDRESSES, spec.clusterIPs, "first value must match `clusterIP`"))
    errors += _validate_families(spec.ipFamilies)
    if spec.HasField("ipFamilyPolicy") and spec.ipFamilyPolicy not in _POLICIES:
        errors.append(not_supported(POLICY, spec.ipFamilyPolicy, _POLICIES))
    malformed = _malformed(spec.clusterIPs)
    errors += malformed
    if len(spec.clusterIPs) > 2:
        errors.append(invalid(ADDRESSES, spec.clusterIPs, "may only hold up to 2 values"))
    return errors if malformed else errors + _validate_pair(service)


def forbid_addresses(service: Service) -> list[FieldError]:
    """What an ExternalName has none of."""
    spec = service.spec
    fields = (
        (ADDRESSES, bool(spec.clusterIP or spec.clusterIPs)),
        (FAMILIES, bool(spec.ipFamilies)),
        (POLICY, spec.HasField("ipFamilyPolicy")),
    )
    return [forbidden(path, "may not be set for ExternalName services") for path, is_set in fields if is_set]


def _validate_families(families: Sequence[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, name in enumerate(families):
        if name not in _FAMILIES:
            errors.append(not_supported(f"{FAMILIES}[{index}]", name, _FAMILIES))
        if name in families[:index]:
            errors.append(duplicate(f"{FAMILIES}[{index}]", name))
    return errors


def _malformed(addresses: Sequence[str]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, text in enumerate(addresses):
        if index == 0 and text == NONE:
            if len(addresses) > 1:
                errors.append(invalid(ADDRESSES, addresses, "'None' must be the first and only value"))
        elif parse_address(text) is None:
            errors.append(invalid(f"{ADDRESSES}[{index}]", text, ADDRESS_TEXT))
    return errors


def _validate_pair(service: Service) -> list[FieldError]:
    spec = service.spec
    found = [family(address) for address in map(parse_address, spec.clusterIPs) if address is not None]
    errors: list[FieldError] = []
    if len(found) > 1 and len(set(found)) != len(found):
        errors.append(invalid(ADDRESSES, spec.clusterIPs, "may specify no more than one IP for each IP family"))
    if is_headless(service):
        return errors
    for index, (name, wanted) in enumerate(zip(found, spec.ipFamilies, strict=False)):
        if wanted in _FAMILIES and name != wanted:
            text = f"expected an {wanted} value as indicated by `ipFamilies[{index}]`"
            errors.append(invalid(f"{ADDRESSES}[{index}]", spec.clusterIPs[index], text))
    return errors
