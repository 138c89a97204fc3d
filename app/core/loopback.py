"""Loopback: the addresses at which plain http is no danger, since nothing leaves the machine.

Specs:
    RFC 8252 section 7.3, 8.3    the literals, and localhost
"""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Tell whether ``host``, a name or an address without brackets, is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
