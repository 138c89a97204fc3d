"""UserInfo: what a person allowed this token to learn.

Specs:
    OpenID Connect Core 1.0 section 5.3    request, answer, errors
    OpenID Connect Core 1.0 section 5.5    claims that were asked for one by one
    RFC 6750 section 2, 3                  how the token arrives, and how it is refused
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.clients import registry
from app.core import config
from app.protocol.errors import OAuthError, invalid_request
from app.protocol.server import Answer, json_answer
from app.tokens import access_tokens, claim_mappings, claims, subjects, userinfo_answers


@dataclass(frozen=True)
class UserInfo:
    """The claims, and the client whose token asked."""

    claims: dict[str, Any]
    client_id: str
    # The same as a JWT, if the client registered for one; the claims then go out in no other form.
    jwt: str | None = None


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
        NoSigningKeyError: the client takes a JWT, and no key may sign it now.
        NoEncryptionKeyError: the client takes it encrypted alone, and has no key for that.
    """
    read = access_tokens.read(token, now=now, with_person=True)
    if read is None or config.current().userinfo_audience not in read.audience:
        raise _invalid("not a living token for this endpoint")
    if "openid" not in read.scope or read.user_id is None:
        raise OAuthError("insufficient_scope", "The token lacks the scope openid.", status=403)
    person, client = read.person, registry.get(read.client_id)
    if person is None or person.disabled or client is None:
        raise _invalid("the person or the client is gone")
    requested = claims.asked(read.requested_claims, "userinfo", scopes=client.scopes)
    told = {
        **claim_mappings.apply(claim_mappings.of(client, ()), person, "userinfo"),
        "sub": subjects.subject(client, person.id),
        **claims.of(person, scope=read.scope, requested=requested),
    }
    return UserInfo(told, read.client_id, userinfo_answers.secured(client, told, now=now))


def described(info: UserInfo) -> Answer:
    """Return what goes out: a JWT (section 5.3.2) or plain JSON, and nobody may store either."""
    answer = json_answer(info.claims)
    if info.jwt is not None:
        kept = [header for header in answer.headers if header[0] != "Content-Type"]
        answer = Answer(answer.status, info.jwt, [("Content-Type", "application/jwt"), *kept])
    answer.client_id = info.client_id
    return answer


def _invalid(detail: str) -> OAuthError:
    return OAuthError(
        "invalid_token",
        "The access token is invalid, expired or revoked.",
        status=401,
        detail=detail,
    )
