"""IP families and the pair clusterIP/clusterIPs: what a client may leave out, made whole (KEP-563)."""

from apiserver.registry.addresses import family
from apiserver.registry.field_errors import FieldError, invalid
from apiserver.registry.network import ClusterNetwork
from apiserver.registry.service.facts import (
    EXTERNAL_NAME,
    NONE,
    PREFER_DUAL_STACK,
    REQUIRE_DUAL_STACK,
    SINGLE_STACK,
    families_and_addresses_agree,
    needs_cluster_ip,
    same,
)
from protos.addresses import parse_address
from protos.kubernetes.core_pb2 import Service

POLICY = "spec.ipFamilyPolicy"
_OTHER = {"IPv4": "IPv6", "IPv6": "IPv4"}


def normalise_addresses(new: Service, old: Service | None) -> None:
    """Makes clusterIP and clusterIPs agree for a client that knows only one of the two."""
    spec = new.spec
    if old is None:
        if spec.clusterIP and not spec.clusterIPs:
            spec.clusterIPs.append(spec.clusterIP)
        return
    if spec.clusterIP == old.spec.clusterIP:
        if not spec.clusterIPs:
            spec.clusterIPs[:] = old.spec.clusterIPs
    elif not spec.clusterIPs or same(spec.clusterIPs, old.spec.clusterIPs):
        spec.clusterIPs[:] = [spec.clusterIP] if spec.clusterIP else []


def default_policy(new: Service, old: Service | None) -> None:
    """Sets an unset ipFamilyPolicy: that of before, else by kind of Service."""
    spec = new.spec
    if spec.HasField("ipFamilyPolicy"):
        return
    if old is not None and old.spec.HasField("ipFamilyPolicy"):
        spec.ipFamilyPolicy = old.spec.ipFamilyPolicy
    else:
        spec.ipFamilyPolicy = REQUIRE_DUAL_STACK if _is_free_headless(new) else SINGLE_STACK


def keeps_preferred(new: Service, old: Service | None) -> bool:
    """Whether a PreferDualStack Service stays as it is: it neither gains nor loses a family when the cluster does."""
    return (
        old is not None
        and needs_cluster_ip(old)
        and old.spec.ipFamilyPolicy == PREFER_DUAL_STACK
        and families_and_addresses_agree(new, old)
    )


def release_secondary(new: Service, old: Service) -> list[FieldError]:
    """SingleStack drops the second address and family if the client left both lists alone; nothing else may."""
    spec, policy = new.spec, new.spec.ipFamilyPolicy
    if policy == SINGLE_STACK:
        for mine, theirs in ((spec.clusterIPs, old.spec.clusterIPs), (spec.ipFamilies, old.spec.ipFamilies)):
            if same(mine, theirs):
                del mine[1:]
        return []
    errors: list[FieldError] = []
    if _is_reduced(list(spec.clusterIPs), list(old.spec.clusterIPs)):
        errors.append(invalid(POLICY, policy, "must be 'SingleStack' to release the secondary cluster IP"))
    if _is_reduced(list(spec.ipFamilies), list(old.spec.ipFamilies)):
        errors.append(invalid(POLICY, policy, "must be 'SingleStack' to release the secondary IP family"))
    return errors


def _is_reduced(new: list[str], old: list[str]) -> bool:
    return len(new) == 1 and len(old) == 2 and new[0] == old[0]


def choose_families(new: Service, network: ClusterNetwork) -> list[FieldError]:
    """Sets ipFamilies from addresses, policy and cluster. Errors: what the cluster cannot give."""
    errors = _policy_errors(new) + _infer_families(new, network)
    if errors:
        return errors
    spec, families = new.spec, network.families
    dual = spec.ipFamilyPolicy != SINGLE_STACK
    if not _is_free_headless(new):
        errors = _cluster_errors(new, network)
        if errors:
            return errors
        dual = dual and len(families) == 2
    if not spec.ipFamilies:
        spec.ipFamilies.append(families[0])
    if dual and len(spec.ipFamilies) == 1:
        spec.ipFamilies.append(_OTHER[spec.ipFamilies[0]])
    return []


def _is_free_headless(service: Service) -> bool:
    """Headless without selector: its endpoints are written by hand, in families that the cluster need not have."""
    return service.spec.clusterIP == NONE and not service.spec.selector


def _policy_errors(new: Service) -> list[FieldError]:
    spec = new.spec
    if spec.type == EXTERNAL_NAME or spec.ipFamilyPolicy != SINGLE_STACK:
        return []
    text = "must be 'RequireDualStack' or 'PreferDualStack' when multiple"
    errors: list[FieldError] = []
    if len(spec.clusterIPs) == 2:
        errors.append(invalid(POLICY, spec.ipFamilyPolicy, f"{text} cluster IPs are specified"))
    if len(spec.ipFamilies) == 2:
        errors.append(invalid(POLICY, spec.ipFamilyPolicy, f"{text} IP families are specified"))
    return errors


def _infer_families(new: Service, network: ClusterNetwork) -> list[FieldError]:
    spec = new.spec
    errors: list[FieldError] = []
    for index, text in enumerate(spec.clusterIPs):
        address = parse_address(text)
        if address is None or index < len(spec.ipFamilies):
            continue
        if family(address) in network.families:
            spec.ipFamilies.append(family(address))
        else:
            fault = f"{family(address)} is not configured on this cluster"
            errors.append(invalid(f"spec.clusterIPs[{index}]", spec.clusterIPs, fault))
    return errors


def _cluster_errors(new: Service, network: ClusterNetwork) -> list[FieldError]:
    spec = new.spec
    errors: list[FieldError] = []
    if spec.ipFamilyPolicy == REQUIRE_DUAL_STACK and len(network.families) < 2:
        errors.append(invalid(POLICY, spec.ipFamilyPolicy, "this cluster is not configured for dual-stack services"))
    for index, name in enumerate(spec.ipFamilies):
        if name not in network.families:
            errors.append(invalid(f"spec.ipFamilies[{index}]", name, "not configured on this cluster"))
    return errors
