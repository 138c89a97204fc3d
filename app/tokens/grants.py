"""Grants: the one row of a sign-in at one client.

Specs:
    RFC 6749 section 4.1.2     a code is bound to its client and redirect URI, and used once
    RFC 9700 section 4.14.2    what a refresh token family is, and how it dies

Codes and refresh tokens are derived from this row (``derivation``), so whatever ends the row ends them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, insert, select, update

from app.audit import events
from app.clients import state as client_state
from app.core.db import Instant, affected, db, table_of
from app.core.reading import Query
from app.core.secrets import new_id
from app.core.statements import Statement
from app.identity import person_columns
from app.identity import state as user_state
from app.identity.person import Person
from app.models.tokens import DeniedToken
from app.models.tokens import Grant as Row
from app.tokens.authorization import Authentication


@dataclass(frozen=True)
class NewGrant:
    """What a person has just allowed, before it has an identity."""

    user_id: str
    client_id: str
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    redirect_uri: str
    code_challenge: str | None
    authentication: Authentication
    code_expires_at: datetime
    ends_at: datetime
    # The claims parameter as canonical JSON, and whether a device asked.
    claims: str | None = None
    device: bool = False


@dataclass(frozen=True)
class Grant:
    """A grant as it was read a moment ago; only a conditional UPDATE may act on what it says."""

    id: str
    user_id: str
    client_id: str
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    offline: bool
    redirect_uri: str
    code_challenge: str | None
    authentication: Authentication
    code_expires_at: datetime
    redeemed_at: datetime | None
    generation: int
    rotated_at: datetime | None
    expires_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    claims: str | None
    device: bool
    # False once the person or the client is disabled, or the client's tokens are void as a whole.
    parties_active: bool

    def is_alive(self, now: datetime) -> bool:
        """Tell whether anything may still be done in its name."""
        return self.revoked_at is None and self.parties_active and now < self.expires_at

    def may_refresh(self, now: datetime) -> bool:
        """Tell whether it may be refreshed: an access token may outlive the absolute end, a refresh never."""
        redeemed = self.redeemed_at is not None
        return self.is_alive(now) and self.offline and redeemed and now < self.ends_at


# Statements are built once: building one costs more than running it.
_T = table_of(Row).c
_CREATED = (
    "id", "user_id", "client_id", "session_id", "scope", "resources", "offline", "nonce", "claims", "device",
    "redirect_uri", "code_challenge", "auth_time", "acr", "amr", "created_at", "code_expires_at", "generation",
    "expires_at", "ends_at",
)  # fmt: skip
_CREATE = Statement(insert(table_of(Row)).values({name: bindparam(name) for name in _CREATED}))
_ACTIVE = user_state.is_active(_T.user_id) & client_state.is_active(_T.client_id, _T.created_at)
_FIND = Query(
    select(table_of(Row), _ACTIVE.label("parties_active")).where(_T.id == bindparam("grant"))
)
_RESTS_ON = select(
    _T.client_id,
    _T.session_id,
    _T.user_id,
    _T.claims.label("requested_claims"),
    (
        _T.revoked_at.is_(None)
        & (_T.expires_at > bindparam("now", type_=Instant()))
        & _ACTIVE
        & ~exists().where(table_of(DeniedToken).c.jti == bindparam("jti"))
    ).label("alive"),
).where(_T.id == bindparam("grant"))
_STANDING = Query(_RESTS_ON)
_STANDING_OF_PERSON = Query(
    _RESTS_ON.add_columns(*person_columns.COLUMNS).join(
        person_columns.PEOPLE, person_columns.PEOPLE.c.id == _T.user_id
    )
)


def create(new: NewGrant, *, now: datetime) -> str:
    """Store ``new`` and return its id."""
    grant_id = new_id()
    authentication = new.authentication
    values = {
        "id": grant_id,
        "user_id": new.user_id,
        "client_id": new.client_id,
        "session_id": authentication.session_id,
        "scope": " ".join(new.scope),
        "resources": " ".join(new.resources),
        "offline": "offline_access" in new.scope,
        "nonce": authentication.nonce,
        "claims": new.claims,
        "device": new.device,
        "redirect_uri": new.redirect_uri,
        "code_challenge": new.code_challenge,
        "auth_time": authentication.auth_time,
        "acr": authentication.acr,
        "amr": " ".join(authentication.amr),
        "created_at": now,
        "code_expires_at": new.code_expires_at,
        "generation": 0,
        "expires_at": new.code_expires_at,
        "ends_at": new.ends_at,
    }
    _CREATE.run(values)
    about = events.Subjects(new.user_id, new.client_id, authentication.session_id, grant_id)
    events.record(events.Kind.GRANT_CREATED, now=now, about=about, detail={"scope": new.scope})
    return grant_id


def find(grant_id: str) -> Grant | None:
    """Return the grant, with the state of its parties, in one statement."""
    row = _FIND.first({"grant": grant_id})
    return None if row is None else _grant(row)


@dataclass(frozen=True)
class Standing:
    """What an access token of a grant rests on; ``person`` is there if it was asked for."""

    client_id: str
    session_id: str
    user_id: str
    alive: bool
    claims: str | None = None
    person: Person | None = None


def standing(
    grant_id: str, *, jti: str, now: datetime, with_person: bool = False
) -> Standing | None:
    """Tell whether the access token ``jti`` of a grant still counts: one statement, every reason it may not.

    The same statement brings the person ``with_person``.
    """
    query = _STANDING_OF_PERSON if with_person else _STANDING
    row = query.first({"grant": grant_id, "jti": jti, "now": now})
    if row is None:
        return None
    person = person_columns.person_of(row) if with_person else None
    return Standing(
        row.client_id,
        row.session_id,
        row.user_id,
        bool(row.alive),
        claims=row.requested_claims,
        person=person,
    )


def revoke(grant_id: str, *, reason: str, now: datetime) -> bool:
    """End one grant and everything derived from it; tell whether it was alive."""
    return _revoke_where(Row.id == grant_id, reason=reason, now=now) == 1


def revoke_of_session(session_id: str, *, reason: str, now: datetime) -> int:
    """End the grants of a session, but not those the person allowed to outlive it (BCL 1.0 section 2.7)."""
    condition = (Row.session_id == session_id) & Row.offline.is_(False)
    return _revoke_where(condition, reason=reason, now=now)


def revoke_of_user(
    user_id: str, *, reason: str, now: datetime, but_session: str | None = None
) -> int:
    """End every grant of a person, offline ones too, except those of one session."""
    condition = Row.user_id == user_id
    if but_session is not None:
        condition &= Row.session_id != but_session
    return _revoke_where(condition, reason=reason, now=now)


def revoke_of_client(client_id: str, *, reason: str, now: datetime) -> int:
    """End every grant of a client."""
    return _revoke_where(Row.client_id == client_id, reason=reason, now=now)


def revoke_of_connection(user_id: str, client_id: str, *, reason: str, now: datetime) -> int:
    """End every grant of one person at one client."""
    condition = (Row.user_id == user_id) & (Row.client_id == client_id)
    return _revoke_where(condition, reason=reason, now=now)


def _revoke_where(condition: Any, *, reason: str, now: datetime) -> int:
    return affected(
        update(Row)
        .where(condition, Row.revoked_at.is_(None))
        # It is over now, so that it is also purged as such and not when it would have ended.
        .values(revoked_at=now, revoked_reason=reason, expires_at=now)
        .execution_options(synchronize_session=False)
    )


def client_counts(session_ids: Sequence[str]) -> dict[str, int]:
    """Return how many clients hold a living grant of each session."""
    rows = db.session.execute(
        select(Row.session_id, func.count(Row.client_id.distinct()))
        .where(Row.session_id.in_(session_ids), Row.revoked_at.is_(None))
        .group_by(Row.session_id)
    )
    return {row[0]: row[1] for row in rows}


def purge(now: datetime, *, batch: int) -> int:
    """Delete at most ``batch`` grants that ended before ``now``; return how many."""
    ended = select(Row.id).where(Row.expires_at < now).limit(batch)
    return affected(
        delete(Row).where(Row.id.in_(ended)).execution_options(synchronize_session=False)
    )


def _grant(row: Any) -> Grant:
    authentication = Authentication(
        auth_time=row.auth_time,
        acr=row.acr,
        amr=tuple(row.amr.split()),
        session_id=row.session_id,
        nonce=row.nonce,
    )
    return Grant(
        id=row.id,
        user_id=row.user_id,
        client_id=row.client_id,
        scope=tuple(row.scope.split()),
        resources=tuple(row.resources.split()),
        offline=row.offline,
        redirect_uri=row.redirect_uri,
        code_challenge=row.code_challenge,
        authentication=authentication,
        code_expires_at=row.code_expires_at,
        redeemed_at=row.redeemed_at,
        generation=row.generation,
        rotated_at=row.rotated_at,
        expires_at=row.expires_at,
        ends_at=row.ends_at,
        revoked_at=row.revoked_at,
        claims=row.claims,
        device=row.device,
        parties_active=bool(row.parties_active),
    )
