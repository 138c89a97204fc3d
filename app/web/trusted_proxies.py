"""The real client address, told by proxies that we trust and by nobody else.

Specs:
    ASVS 5.0 4.1.3    a header set by an intermediary cannot be overridden by the client

``X-Forwarded-For`` is read from the right: each trusted proxy appended the address that it saw, so
the first address that is not a trusted proxy is the client. What stands further left, the client
wrote itself.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_MAX_HOPS = 32
_MAX_CACHED = 4096


class TrustedProxies:
    """The networks whose word about the client we take."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(map(ip_network, networks))
        # One decision for each peer that connects: a handful of proxies, or, without them, the
        # clients.
        self._peer = lru_cache(maxsize=_MAX_CACHED)(self._judged)

    def _judged(self, peer: str) -> tuple[str | None, bool]:
        address = parsed(peer)
        return (str(address) if address else None, self._holds(address))

    def _holds(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)

    def trusts(self, peer: str) -> bool:
        """Tell whether the connection from ``peer`` is a trusted proxy's."""
        return self._peer(peer)[1]

    def client_address(self, peer: str, forwarded_for: str | None) -> str | None:
        """Return the address of the client in its canonical form, or ``None`` where there is none.

        ``peer`` is the other end of the connection, ``forwarded_for`` the ``X-Forwarded-For``
        header.
        """
        client, trusted = self._peer(peer)
        if not trusted or not forwarded_for:
            return client
        # What is left unsplit is no address, and ends the search.
        for hop in reversed(forwarded_for.rsplit(",", _MAX_HOPS)):
            address = parsed(hop)
            if address is None:
                # Nonsense from a trusted proxy: what it saw is unknown, so the last known hop
                # answers for it.
                return client
            client = str(address)
            if not self._holds(address):
                return client
        return client


def parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address in ``text``, with or without a port, or ``None``.

    An IPv4 address written as IPv6 (``::ffff:192.0.2.1``) is the IPv4 address: one client, one
    name.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        # A zone names an interface of one machine, not a client.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
