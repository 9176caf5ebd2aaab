"""IP addresses and CIDRs as Kubernetes' older fields read them: leading zeros are decimal, mapped IPv4 is IPv4."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

ADDRESS_TEXT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR_TEXT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"

# The last text says ff02::/10 where it means ff02::/16, as Kubernetes' does.
_FORBIDDEN = {
    "may not be in the loopback range (127.0.0.0/8, ::1/128)": ("127.0.0.0/8", "::1/128"),
    "may not be in the link-local range (169.254.0.0/16, fe80::/10)": ("169.254.0.0/16", "fe80::/10"),
    "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)": ("224.0.0.0/24", "ff02::/16"),
}
_FORBIDDEN_NETWORKS = [(text, [ip_network(cidr) for cidr in cidrs]) for text, cidrs in _FORBIDDEN.items()]


def parse_address(text: str) -> Address | None:
    """The address of a text, None for a text that is none."""
    if "." in text and ":" not in text:
        parts = text.split(".")
        if len(parts) == 4 and all(part.isascii() and part.isdigit() for part in parts):
            text = ".".join(part.lstrip("0") or "0" for part in parts)
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def parse_cidr(text: str) -> IPv4Network | IPv6Network | None:
    """The network that a CIDR means (bits beyond the prefix are dropped), None for a text that is none."""
    address, slash, length = text.partition("/")
    parsed = parse_address(address)
    if parsed is None or not slash or not (length.isascii() and length.isdigit()) or len(length) > 3:
        return None
    bits = int(length) - (96 if ":" in address and parsed.version == 4 else 0)
    if not 0 <= bits <= parsed.max_prefixlen:
        return None
    return ip_network((parsed, bits), strict=False)


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
