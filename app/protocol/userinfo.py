"""UserInfo: what a person allowed this token to learn.

Specs:
    OpenID Connect Core 1.0 section 5.3    request, answer, errors
    RFC 6750 section 2, 3                  how the token arrives, and how it is refused
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.clients import registry
from app.core import config
from app.protocol.errors import OAuthError, invalid_request
from app.tokens import access_tokens, claims, subjects


@dataclass(frozen=True)
class UserInfo:
    """The claims, and the client whose token asked."""

    claims: dict[str, Any]
    client_id: str


class NoTokenError(OAuthError):
    """No token came at all: the challenge then names no error (RFC 6750 section 3.1)."""

    def __init__(self) -> None:
        super().__init__("invalid_token", "An access token is required.", status=401)


def bearer_token(authorization: str | None, form_token: str | None) -> str:
    """Return the one access token of the request.

    Raises:
        NoTokenError: there is none.
        OAuthError: invalid_request: it came in two ways at once.
    """
    scheme, _, credentials = (authorization or "").partition(" ")
    header_token = credentials.strip() if scheme.lower() == "bearer" else None
    if header_token and form_token:
        raise invalid_request("The access token came in two ways at once.")
    token = header_token or form_token
    if not token:
        raise NoTokenError
    return token


def answer(token: str, *, now: datetime) -> UserInfo:
    """Return what ``token`` may learn about its person.

    Raises:
        OAuthError: invalid_token: it is not a living token for this endpoint; insufficient_scope: no openid.
    """
    read = access_tokens.read(token, now=now, with_person=True)
    if read is None or config.current().userinfo_audience not in read.audience:
        raise _invalid("not a living token for this endpoint")
    if "openid" not in read.scope or read.user_id is None:
        raise OAuthError("insufficient_scope", "The token lacks the scope openid.", status=403)
    person, client = read.person, registry.get(read.client_id)
    if person is None or person.disabled or client is None:
        raise _invalid("the person or the client is gone")
    released = claims.of(person, scope=read.scope)
    return UserInfo({"sub": subjects.subject(client, person.id), **released}, read.client_id)


def _invalid(detail: str) -> OAuthError:
    return OAuthError(
        "invalid_token",
        "The access token is invalid, expired or revoked.",
        status=401,
        detail=detail,
    )
