"""Access tokens: RFC 9068 JWTs, never stored, and revocable all the same.

Specs:
    RFC 9068 section 2    what is in one; what an operator maps into it comes last
    RFC 9068 section 4    how one is verified
    RFC 7009 section 2    one token may be revoked before its time

``jti`` begins with the grant's id, so whoever asks about a token reaches its grant by primary key. The
token of a client acting for itself has no grant; there the client's own state decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, select

from app.clients import state as client_state
from app.core import clock, config
from app.core.db import affected, db, insert_ignore, table_of
from app.core.reading import Query
from app.core.secrets import new_id
from app.identity import roles
from app.identity.person import Person
from app.jose import jwt
from app.models.tokens import DeniedToken
from app.tokens import claim_mappings, grants, subjects
from app.tokens.authorization import Authorization

TYPE = "at+jwt"
_TYPES = (TYPE,)
_GRANT_ID_LENGTH = 22
_DENIED = Query(select(exists().where(table_of(DeniedToken).c.jti == bindparam("jti"))))


@dataclass(frozen=True)
class AccessToken:
    """A verified token of ours that still counts. ``user_id`` is absent when a client acts for itself.

    ``person`` is there if it was asked for and there is one.
    """

    claims: Mapping[str, Any]
    client_id: str
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    grant_id: str | None
    session_id: str | None
    user_id: str | None
    # The claims parameter that the grant was asked for with, as canonical JSON.
    requested_claims: str | None = None
    person: Person | None = None

    @property
    def jti(self) -> str:
        """Return the identifier of the token."""
        return str(self.claims["jti"])

    @property
    def expires_at(self) -> datetime:
        """Return when it ends by itself."""
        return clock.from_epoch(self.claims["exp"])


def mint(authorization: Authorization, *, now: datetime) -> str:
    """Return a signed access token for ``authorization``."""
    audience = authorization.audience
    issued_at = _issued_at(authorization, now)
    claims: dict[str, Any] = {
        "iss": config.current().issuer,
        "sub": subjects.subject(authorization.client, authorization.user_id),
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "client_id": authorization.client.client_id,
        "iat": issued_at,
        "exp": issued_at + int(authorization.access_token_lifetime.total_seconds()),
        "jti": new_id(),
    }
    if authorization.scope:
        claims["scope"] = " ".join(authorization.scope)
    if authorization.grant_id:
        claims["jti"] = f"{authorization.grant_id}.{claims['jti']}"
    if authentication := authorization.authentication:
        claims["auth_time"] = clock.epoch(authentication.auth_time)
        claims["acr"] = authentication.acr
        claims["amr"] = list(authentication.amr)
    if "roles" in authorization.scope and authorization.user_id:
        claims["roles"] = list(roles.of(authorization.user_id))
    if authorization.mappings:
        mapped = claim_mappings.about(authorization.mappings, authorization.user_id, "access_token")
        claims = mapped | claims
    algorithm = authorization.algorithm or authorization.client.access_token_signed_response_alg
    return jwt.sign(claims, algorithm=algorithm, typ=TYPE, now=now)


def read(token: str, *, now: datetime, with_person: bool = False) -> AccessToken | None:
    """Return what ``token`` conveys, or ``None`` if it is not ours, over, or revoked in whatever way.

    ``with_person`` brings the person that it speaks for, read in the same statement.
    """
    try:
        claims = jwt.verify(token, typ=_TYPES, now=now, issuer=config.current().issuer).claims
    except jwt.InvalidTokenError:
        return None
    jti, client_id = str(claims["jti"]), str(claims["client_id"])
    audience = claims["aud"]
    grant_id, _, unique = jti.partition(".")
    standing = None
    if unique and len(grant_id) == _GRANT_ID_LENGTH:
        standing = grants.standing(grant_id, jti=jti, now=now, with_person=with_person)
        if standing is None or not standing.alive or standing.client_id != client_id:
            return None
    elif _is_denied(jti) or not client_state.is_active_now(
        client_id, issued_at=clock.from_epoch(claims["iat"])
    ):
        return None
    return AccessToken(
        claims=claims,
        client_id=client_id,
        scope=tuple(str(claims.get("scope", "")).split()),
        audience=(audience,) if isinstance(audience, str) else tuple(audience),
        grant_id=grant_id if standing else None,
        session_id=standing.session_id if standing else None,
        user_id=standing.user_id if standing else None,
        requested_claims=standing.claims if standing else None,
        person=standing.person if standing else None,
    )


def deny(jti: str, *, expires_at: datetime) -> None:
    """Revoke one access token until it would have ended anyway. Doing it twice does no harm."""
    db.session.execute(insert_ignore(DeniedToken).values(jti=jti, expires_at=expires_at))


def purge(now: datetime, *, batch: int) -> int:
    """Forget at most ``batch`` revoked tokens that have ended anyway; return how many."""
    ended = select(DeniedToken.jti).where(DeniedToken.expires_at < now).limit(batch)
    return affected(
        delete(DeniedToken)
        .where(DeniedToken.jti.in_(ended))
        .execution_options(synchronize_session=False)
    )


def _issued_at(authorization: Authorization, now: datetime) -> int:
    issued_at, void_before = clock.epoch(now), authorization.client.revoked_before
    # A whole second may begin before the client's tokens were revoked; this one was asked for afterwards.
    if void_before is not None and clock.from_epoch(issued_at) < void_before <= now:
        return issued_at + 1
    return issued_at


def _is_denied(jti: str) -> bool:
    return bool(_DENIED.first({"jti": jti})[0])
