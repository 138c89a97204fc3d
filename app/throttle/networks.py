"""Networks: which addresses are one caller.

Specs:
    RFC 4291 section 2.5.1, 2.5.5.2    interface identifiers, and IPv4 addresses in IPv6 clothing
    RFC 6177                           a subscriber has at least one /64

Whoever has one IPv6 address has 2^64 of them, so an address on its own would slow nobody down.
"""

from ipaddress import IPv6Address, IPv6Network, ip_address

UNKNOWN = "unknown"


def network_of(address: str | None) -> str:
    """Return the network that counts as one caller: an IPv4 address, the /64 of an IPv6 address.

    What is no address at all is one caller as well, ``unknown``: it must not be a way around the
    counting.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return UNKNOWN
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))
