"""IP addresses and CIDRs as Kubernetes' older fields read them: leading zeros are decimal, mapped IPv4 is IPv4.

Objects keep such texts as they came, so everybody who reads addresses of the API has to read them like this.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address


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


def canonical_address(text: str) -> str:
    """The one text of an address, "" for a text that is none."""
    address = parse_address(text)
    return "" if address is None else str(address)


def canonical_cidr(text: str) -> str:
    """The one text of a CIDR, which may have spaces around it; "" for a text that is none."""
    network = parse_cidr(text.strip())
    return "" if network is None else str(network)
