"""The one door to the outside: ask a URL that somebody else chose, without being led astray.

Specs:
    ASVS 5.0 1.3.6, 12.3.2    server-side request forgery; TLS towards others
    RFC 9110, RFC 9112        one GET or POST, one answer

https alone (http within networks that the operator allows), the name resolved once and the
connection pinned to an address that was judged, no redirect followed, no proxy, no cookie, a limit
on bytes, and one deadline for all of it: a server that drips one byte a second does not hold a
worker. Nobody waits here with a transaction open.
"""

import http.client
import socket
import ssl
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.core import config, outbound_addresses, outbound_answer, strict_json
from app.core.outbound_addresses import Address
from app.core.outbound_answer import Fetched, OutboundForbiddenError, OutboundRefusedError
from app.core.outbound_answer import time_left as _left

__all__ = [
    "Fetched", "OutboundForbiddenError", "OutboundRefusedError", "fetch", "fetch_json", "post",
]  # fmt: skip

_MAX_URL = 2048
_MAX_ANSWER_TO_POST = 4096
_MAX_ATTEMPTS = 3
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class _Call:
    method: str
    fields: tuple[str, ...]
    timeout: timedelta
    limit: int
    body: bytes = b""


def fetch(url: str, *, accept: str, max_bytes: int | None = None) -> Fetched:
    """GET ``url`` and return the answer; a redirect is an answer like any other.

    ``max_bytes`` can only lower the limit of the settings.

    Raises:
        OutboundRefusedError: it was not fetched; the detail says why and names the host alone.
    """
    settings = config.current().outbound
    limit = min(settings.max_bytes, max_bytes or settings.max_bytes)
    return _exchange(url, _Call("GET", (f"Accept: {accept}",), settings.timeout, limit))


def fetch_json(url: str, *, accept: str = "application/json", max_bytes: int | None = None) -> Any:
    """GET ``url`` and return the JSON value of its answer, whatever media type it claims.

    Raises:
        OutboundRefusedError: it was not fetched, its status is not 200, or it is no strict JSON.
    """
    answer = fetch(url, accept=accept, max_bytes=max_bytes)
    host = urlsplit(url).hostname
    if answer.status != http.client.OK:
        raise OutboundRefusedError(detail=f"{host}: the answer has the status {answer.status}")
    try:
        return strict_json.read(answer.body)
    except ValueError as error:
        raise OutboundRefusedError(detail=f"{host}: the answer is not JSON: {error}") from None


def post(url: str, body: bytes, *, content_type: str, timeout: timedelta) -> Fetched:
    """POST ``body`` to ``url`` and return the answer, of its body the first 4 KiB.

    It is sent once: an error leaves open whether it arrived.

    Raises:
        OutboundForbiddenError: the address may not be asked; nothing was sent.
        OutboundRefusedError: there was no answer; the detail says why and names the host alone.
    """
    fields = ("Accept: */*", f"Content-Type: {content_type}", f"Content-Length: {len(body)}")
    return _exchange(url, _Call("POST", fields, timeout, _MAX_ANSWER_TO_POST, body))


def _exchange(url: str, call: _Call) -> Fetched:
    deadline = monotonic() + call.timeout.total_seconds()
    parts = _checked(url)
    try:
        addresses = _addresses(parts, config.current().outbound.allow, deadline)
        with _connect(parts, addresses, deadline) as connection:
            connection.settimeout(_left(deadline))
            connection.sendall(_head(parts, call) + call.body)
            if call.method == "POST":
                return outbound_answer.acknowledgement(connection, deadline, call.limit)
            return outbound_answer.whole(connection, deadline, call.limit)
    # ValueError: http.client on a malformed status line or length.
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = f"{parts.hostname}: {type(error).__name__}: {error}"
        raise OutboundRefusedError(detail=reason) from None


def _checked(url: str) -> SplitResult:
    if not 0 < len(url) <= _MAX_URL or not all("!" <= letter <= "~" for letter in url):
        raise OutboundForbiddenError(detail="not a URL of visible ASCII characters")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise OutboundForbiddenError(detail="not a URL") from None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise OutboundForbiddenError(detail="neither https nor http, or no plain host")
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
        raise OutboundForbiddenError(detail=f"{host}: no address that may be reached")
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


def _head(parts: SplitResult, call: _Call) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = (
        f"{call.method} {target} HTTP/1.1",
        f"Host: {parts.netloc.lower()}",
        *call.fields,
        "Accept-Encoding: identity",
        "User-Agent: Signet",
        "Connection: close",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
