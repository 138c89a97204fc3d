"""The one door to the outside: fetch a URL that somebody else chose, without being led astray.

Specs:
    ASVS 5.0 1.3.6, 12.3    server-side request forgery; TLS towards others
    RFC 9110, RFC 9112      one GET, one answer

https alone (http within networks that the operator allows), the name resolved once and the
connection pinned to an address that was judged, no redirect followed, no proxy, no cookie, a limit
on bytes, and one deadline for all of it: a server that drips one byte a second does not hold a
worker.
"""

import http.client
import io
import socket
import ssl
from dataclasses import dataclass
from ipaddress import IPv6Address
from time import monotonic
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from app.core import config, outbound_addresses
from app.core.errors import SignetError
from app.core.outbound_addresses import Address

_MAX_URL = 2048
_MAX_HEADERS = 65536
_MAX_ATTEMPTS = 3
_PORTS = {"https": 443, "http": 80}


class OutboundRefusedError(SignetError):
    """The URL was not fetched: not permitted, not reachable, or not answered within the limits."""

    public = "The address could not be fetched."


@dataclass(frozen=True)
class Fetched:
    """An answer, whatever its status. ``media_type`` is what the server claims, in lower case."""

    status: int
    media_type: str
    body: bytes


def fetch(url: str, *, accept: str, max_bytes: int | None = None) -> Fetched:
    """GET ``url`` and return the answer; a redirect is an answer like any other.

    ``max_bytes`` can only lower the limit of the settings.

    Raises:
        OutboundRefusedError: it was not fetched; the detail says why and names the host alone.
    """
    settings = config.current().outbound
    deadline = monotonic() + settings.timeout.total_seconds()
    limit = min(settings.max_bytes, max_bytes or settings.max_bytes)
    parts = _checked(url)
    try:
        addresses = _addresses(parts, settings.allow, deadline)
        with _connect(parts, addresses, deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(_request(parts, accept))
            return _answer(connection, deadline, limit)
    # ValueError: http.client on a malformed status line or length.
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = f"{parts.hostname}: {type(error).__name__}: {error}"
        raise OutboundRefusedError(detail=reason) from None


def _checked(url: str) -> SplitResult:
    if not 0 < len(url) <= _MAX_URL or not all("!" <= letter <= "~" for letter in url):
        raise OutboundRefusedError(detail="not a URL of visible ASCII characters")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise OutboundRefusedError(detail="not a URL") from None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise OutboundRefusedError(detail="neither https nor http, or no plain host")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _addresses(parts: SplitResult, allowed: tuple[str, ...], deadline: float) -> list[Address]:
    host = parts.hostname or ""
    found = outbound_addresses.resolve(host, _port(parts), timeout=_left(deadline))
    usable = [
        address
        for address in found
        if outbound_addresses.is_allowed(address, allowed)
        or (parts.scheme == "https" and outbound_addresses.is_public(address))
    ]
    if not usable:
        raise OutboundRefusedError(detail=f"{host}: no address that may be reached")
    return usable[:_MAX_ATTEMPTS]


def _connect(parts: SplitResult, addresses: list[Address], deadline: float) -> socket.socket:
    failure: Exception | None = None
    for address in addresses:
        family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(_left(deadline))
            connection.connect((str(address), _port(parts)))
            if parts.scheme == "http":
                return connection
            return _trust().wrap_socket(connection, server_hostname=parts.hostname)
        except (OSError, ValueError) as error:
            connection.close()
            failure = error
    raise OSError(str(failure))


def _trust() -> ssl.SSLContext:
    bundle = config.current().outbound.ca_bundle
    context = ssl.create_default_context(cafile=None if bundle is None else str(bundle))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _request(parts: SplitResult, accept: str) -> bytes:
    host = parts.netloc.lower()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        f"Accept: {accept}",
        "Accept-Encoding: identity",
        "User-Agent: Signet",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _answer(connection: socket.socket, deadline: float, limit: int) -> Fetched:
    wire = _Wire(connection, deadline, limit + _MAX_HEADERS)
    # HTTPResponse asks its socket for nothing but a file to read from.
    response = http.client.HTTPResponse(cast("socket.socket", wire), method="GET")
    with response:
        response.begin()
        if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
            raise OutboundRefusedError(detail="the answer is compressed, which was not asked for")
        announced = response.length or 0
        # One byte more than allowed tells an answer that is too large from one that just fits.
        body = b"" if announced > limit else response.read(limit + 1)
        if max(announced, len(body)) > limit:
            raise OutboundRefusedError(detail=f"the answer is larger than {limit} bytes")
        if response.length:
            raise OutboundRefusedError(detail="the answer ended too early")
        media_type = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
        return Fetched(response.status, media_type, body)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left


class _Wire(io.RawIOBase):
    """What http.client reads from: every read within the deadline, all within the limit."""

    def __init__(self, connection: socket.socket, deadline: float, limit: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._limit = limit

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._limit -= count
        if self._limit < 0:
            raise OSError("the answer is too large")
        return count
