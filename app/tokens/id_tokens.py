"""ID tokens: that a person signed in, when, how, and for whom.

Specs:
    OpenID Connect Core 1.0 section 2          the claims
    OpenID Connect Core 1.0 section 3.1.3.6    at_hash
    OpenID Connect Core 1.0 section 5.4        profile claims stay with userinfo
    OpenID Connect Core 1.0 section 5.5        unless they were asked for one by one
    OpenID Connect Core 1.0 section 12.2       what a refresh keeps and what it leaves out
    Back-Channel Logout 1.0 section 2.1        sid
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core import clock, config
from app.core.errors import SignetError
from app.core.secrets import encode
from app.identity import sessions, users
from app.jose import jwt
from app.tokens import claim_mappings, subjects
from app.tokens import claims as personal
from app.tokens.authorization import Authorization

TYPE = "JWT"
# The hash of the signature's own algorithm; Ed25519 signs with SHA-512 (RFC 8032 section 5.1).
_HASHES = {"RS256": "sha256", "PS256": "sha256", "ES256": "sha256", "EdDSA": "sha512"}


class IdTokenHintInvalidError(SignetError):
    """The hint is not an ID token of ours. Nothing it says may be believed."""

    public = "The id_token_hint is not valid."


@dataclass(frozen=True)
class Hint:
    """What an ID token says when a client shows it to us again."""

    subject: str
    client_ids: tuple[str, ...]
    sid: str | None


def mint(authorization: Authorization, *, access_token: str, now: datetime) -> str:
    """Return an ID token that goes out together with ``access_token``: signed, then encrypted if the client wants.

    Raises:
        NoSigningKeyError: no key may sign with the client's algorithm now.
        NoEncryptionKeyError: the client wants it encrypted and has no key for that.
    """
    authentication = authorization.authentication
    if authentication is None:
        raise ValueError("an ID token tells of a sign-in, and there was none")
    client = authorization.client
    settings = config.current()
    issued_at = clock.epoch(now)
    algorithm = client.id_token_signed_response_alg
    claims: dict[str, Any] = {
        **_about_person(authorization),
        "iss": settings.issuer,
        "sub": subjects.subject(client, authorization.user_id),
        "aud": client.client_id,
        "azp": client.client_id,
        "iat": issued_at,
        "exp": issued_at + int(settings.tokens.id_token_lifetime.total_seconds()),
        "auth_time": clock.epoch(authentication.auth_time),
        "acr": authentication.acr,
        "amr": list(authentication.amr),
        "sid": sessions.sid(authentication.session_id, client.client_id),
        "at_hash": _half_hash(access_token, algorithm),
    }
    if authentication.nonce is not None:
        claims["nonce"] = authentication.nonce
    signed = jwt.sign(claims, algorithm=algorithm, typ=TYPE, now=now)
    if client.id_token_encrypted_response_alg and client.id_token_encrypted_response_enc:
        # Imported here: few need it, and every start would pay for it.
        from app.tokens import encrypted

        return encrypted.for_client(
            signed,
            client,
            algorithm=client.id_token_encrypted_response_alg,
            encryption=client.id_token_encrypted_response_enc,
            now=now,
        )
    return signed


def read_hint(token: str, *, now: datetime) -> Hint:
    """Return what an ``id_token_hint`` says; an expired one still says it (RIL 1.0 section 2).

    Raises:
        IdTokenHintInvalidError: it is not an ID token that we signed.
    """
    try:
        # An access token has its own type, a logout token too: neither passes for an ID token.
        claims = jwt.verify(
            token, typ=(TYPE, None), now=now, allow_expired=True, issuer=config.current().issuer
        ).claims
    except jwt.InvalidTokenError as error:
        raise IdTokenHintInvalidError(detail=str(error)) from None
    return Hint(
        subject=_text(claims, "sub"), client_ids=(_text(claims, "aud"),), sid=claims.get("sid")
    )


def _about_person(authorization: Authorization) -> dict[str, Any]:
    if authorization.claims is None and not authorization.mappings:
        return {}
    scopes, user_id = authorization.client.scopes, authorization.user_id
    mapped = claim_mappings.about(authorization.mappings, user_id, "id_token")
    asked = personal.asked(authorization.claims, "id_token", scopes=scopes)
    person = users.get(user_id) if asked and user_id is not None else None
    if person is None:
        return mapped
    return mapped | personal.of(person, scope=(), requested=asked)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise IdTokenHintInvalidError(detail=f"{name} is not text")
    return value


def _half_hash(token: str, algorithm: str) -> str:
    digest = hashlib.new(_HASHES[algorithm], token.encode("ascii")).digest()
    return encode(digest[: len(digest) // 2])
