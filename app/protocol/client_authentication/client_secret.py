"""client_secret_basic and client_secret_post.

Specs:
    RFC 6749 section 2.3.1    both are form-urlencoded before they are joined for Basic
    RFC 7617 section 2        Basic
"""

import base64
import binascii
from urllib.parse import unquote_plus

from app.clients import secrets
from app.clients.registry import Client
from app.protocol.client_authentication.presented import Presented
from app.protocol.errors import invalid_client


def proves(client: Client | None, presented: Presented) -> bool:
    """Tell whether what was presented is one of the client's living secrets."""
    return secrets.verify(client, presented.proof, now=presented.request.now)


def from_basic(authorization: str) -> tuple[str, str]:
    """Return client id and secret of an Authorization header.

    Raises:
        OAuthError: invalid_client: it is not well-formed Basic.
    """
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client(detail="the Authorization header is not Basic")
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise invalid_client(detail="the Basic credentials are malformed") from None
    client_id, colon, secret = decoded.partition(":")
    try:
        client_id, secret = (unquote_plus(part, errors="strict") for part in (client_id, secret))
    except UnicodeDecodeError:
        raise invalid_client(detail="the Basic credentials are not UTF-8") from None
    if not colon or not client_id or not secret:
        raise invalid_client(detail="the Basic credentials are incomplete")
    return client_id, secret
