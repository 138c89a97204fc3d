"""Which addresses the fetcher may reach: public ones, and those that the operator allows.

Specs:
    RFC 6890, IANA special-purpose address registries   what is not the public internet
    ASVS 5.0 1.3.6                                      server-side request forgery

Names are resolved once, here, and the connection goes to the very address that was judged: a name
that changes its mind in between gains nothing.
"""

import socket
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Global unicast alone, so IPv4-mapped, NAT64, unique local, link-local and multicast are out from
# the start.
_PUBLIC_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(each)
    # Protocol assignments with Teredo, documentation, 6to4 (which wraps any IPv4 address), AS112.
    for each in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
# A resolver that hangs holds a thread; more of them than this are not started.
_RESOLVERS = BoundedSemaphore(8)


def is_public(address: Address) -> bool:
    """Tell whether ``address`` belongs to the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def is_allowed(address: Address, allowed: Iterable[str]) -> bool:
    """Tell whether ``address``, an IPv4-mapped one as IPv4, lies in a network of ``allowed``."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    networks: list[Network] = [ip_network(each) for each in allowed]
    return any(address in each for each in networks if each.version == address.version)


def resolve(host: str, port: int, *, timeout: float) -> list[Address]:
    """Return the addresses of ``host``, each once, in the system's order of preference.

    Raises:
        OSError: there is no such name, or the resolver did not answer within ``timeout`` seconds.
    """
    if not _RESOLVERS.acquire(timeout=timeout):
        raise TimeoutError("too many names are being resolved")
    answer: SimpleQueue[list[Address] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(_ask_system(host, port))
        except (OSError, ValueError) as error:  # ValueError: a label that cannot be a name
            answer.put(error)
        finally:
            _RESOLVERS.release()

    # The system's resolver knows no time limit; a thread can be left behind.
    Thread(target=ask, name="signet-resolve", daemon=True).start()
    try:
        found = answer.get(timeout=timeout)
    except Empty:
        raise TimeoutError("the name was not resolved in time") from None
    if isinstance(found, Exception):
        raise OSError(str(found)) from None
    return found


def _ask_system(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))
