"""Three doors to the authorization endpoint: plain parameters, a request object, a pushed request.

Specs:
    RFC 9101 section 5          request and request_uri, never both
    RFC 9126 sections 4, 5, 6   the handle of a pushed request, and that pushing may be required
    OpenID Connect Core 1.0 section 6

The rest of the endpoint never learns which door it was, apart from the two facts that a policy may ask for.
"""

from datetime import datetime

from app.clients.registry import Client
from app.core import config
from app.protocol.authorization import pushed_request, request_object
from app.protocol.authorization.source import Source, SourceRefusedError
from app.protocol.errors import invalid_request
from app.protocol.parameters import Parameters, check_single
from app.tokens.pushed_requests import HANDLE_PREFIX

__all__ = ["Source", "SourceRefusedError", "check_signed", "source_of"]


def source_of(client: Client, outer: Parameters, *, now: datetime) -> Source:
    """Return the parameters that count for a request which a browser brought.

    Raises:
        OAuthError: they cannot be had, cannot be believed, or had to be pushed.
    """
    named = outer.get("request"), outer.get("request_uri")
    source = Source(outer) if named == (None, None) else _referred(client, outer, named, now)
    requires = client.require_pushed_authorization_requests
    if source.pushed_id is None and (requires or config.current().requests.require_pushed):
        raise invalid_request("The request must be pushed (RFC 9126).")
    return source


def check_signed(client: Client, source: Source) -> None:
    """Refuse a request that had to be signed and is not; a pushed one was looked at when it came.

    Raises:
        OAuthError: invalid_request: it had to be.
    """
    if source.is_signed or source.pushed_id is not None:
        return
    if client.require_signed_request_object or config.current().requests.require_signed:
        raise invalid_request("The request must be a signed request object (RFC 9101).")


def _referred(
    client: Client, outer: Parameters, named: tuple[str | None, str | None], now: datetime
) -> Source:
    check_single(outer)
    value, uri = named
    if uri is None and value is not None:
        return request_object.read(client, value, outer, now=now)
    if uri is None or value is not None:
        raise invalid_request("request and request_uri exclude one another.")
    if uri.startswith(HANDLE_PREFIX):
        return pushed_request.resolve(client, uri, now=now)
    return request_object.fetch(client, uri, outer, now=now)
