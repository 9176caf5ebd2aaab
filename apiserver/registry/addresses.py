"""Rules of IP addresses and CIDRs, and warnings for those that are written in an unusual way."""

from ipaddress import ip_network

from protos.addresses import Address, parse_address, parse_cidr

ADDRESS_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR_TEXT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

# The last text says ff02::/10 where it means ff02::/16, as Kubernetes' does.
_FORBIDDEN = {
    "may not be in the loopback range (127.0.0.0/8, ::1/128)": ("127.0.0.0/8", "::1/128"),
    "may not be in the link-local range (169.254.0.0/16, fe80::/10)": ("169.254.0.0/16", "fe80::/10"),
    "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)": ("224.0.0.0/24", "ff02::/16"),
}
_FORBIDDEN_NETWORKS = [(text, [ip_network(cidr) for cidr in cidrs]) for text, cidrs in _FORBIDDEN.items()]


def family(address: Address) -> str:
    """IPv4 or IPv6."""
    return f"IPv{address.version}"


def endpoint_faults(address: Address) -> list[str]:
    """Why an address cannot be an endpoint or an external IP."""
    if int(address) == 0:
        return ["may not be unspecified (0.0.0.0)" if address.version == 4 else "may not be unspecified (::)"]
    return [text for text, networks in _FORBIDDEN_NETWORKS if any(address in network for network in networks)]


def address_warnings(path: str, text: str) -> list[str]:
    """Warnings for an address that is written in an unusual way."""
    address = parse_address(text)
    if address is None or str(address) == text:
        return []
    if address.version == 4:
        later = "will be considered invalid in a future Kubernetes release"
        return [f'{path}: non-standard IP address "{text}" {later}: use "{address}"']
    return [f'{path}: IPv6 address "{text}" should be in RFC 5952 canonical format ("{address}")']


def cidr_warnings(path: str, text: str) -> list[str]:
    """Warnings for a CIDR that is written in an unusual way, or has bits beyond its prefix."""
    network = parse_cidr(text)
    if network is None or str(network) == text:
        return []
    address = parse_address(text.partition("/")[0])
    if address != network.network_address:
        alone = f"{address}/{network.max_prefixlen}"
        return [f'{path}: CIDR value "{text}" is ambiguous in this context (should be "{network}" or "{alone}"?)']
    if network.version == 4:
        later = "will be considered invalid in a future Kubernetes release"
        return [f'{path}: non-standard CIDR value "{text}" {later}: use "{network}"']
    return [f'{path}: IPv6 CIDR value "{text}" should be in RFC 5952 canonical format ("{network}")']
