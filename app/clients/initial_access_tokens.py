"""Initial access tokens: the operator's leave to register clients.

Specs:
    RFC 7591 section 3    protected registration
    ASVS 5.0 11.5.1       nobody can guess one: the MAC has 256 bits

A token is the identifier of its row and a MAC that only we can make: the database holds none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update

from app.audit import events
from app.audit.events import Kind
from app.clients import values
from app.core import config, root_key
from app.core.context import caller
from app.core.db import affected, db, table_of
from app.core.errors import InvalidInputError, NotFoundError
from app.core.secrets import ID_BYTES, decode, encode, new_id
from app.models.clients import InitialAccessToken as TokenRow

PREFIX = "sgi_"
_PURPOSE = "initial-access-token"
_MAC_BYTES = 32
_LENGTH = len(PREFIX) + len(encode(bytes(ID_BYTES + _MAC_BYTES)))
_MAX_NOTE = 256
_MAX_USES = 1_000_000
_MAX_ACTOR = 128
_TABLE = table_of(TokenRow)
_T = _TABLE.c


@dataclass(frozen=True)
class NewInitialAccessToken:
    """What an operator asks for. ``scope`` ``None`` is what the installation allows."""

    note: str
    scope: tuple[str, ...] | None = None
    max_uses: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class InitialAccessToken(NewInitialAccessToken):
    """One that was issued; the token itself is shown once."""

    id: str
    uses: int
    created_at: datetime
    created_by: str | None
    revoked_at: datetime | None


def issue(new: NewInitialAccessToken, *, now: datetime) -> tuple[InitialAccessToken, str]:
    """Return what was stored and the token, for the only time.

    Raises:
        InvalidInputError: a value is not acceptable; ``field`` says which.
    """
    _check(new, now=now)
    token_id = new_id()
    row = {
        "id": token_id,
        "note": values.text(new.note, field="note", limit=_MAX_NOTE, what="A note"),
        "scope": None if new.scope is None else " ".join(dict.fromkeys(new.scope)),
        "uses": 0,
        "max_uses": new.max_uses,
        "created_at": now,
        "created_by": (caller().actor or "")[:_MAX_ACTOR] or None,
        "expires_at": new.expires_at,
    }
    db.session.execute(insert(_TABLE).values(**row))
    events.record(Kind.INITIAL_TOKEN_CREATED, now=now, detail={"id": token_id, "note": row["note"]})
    body = decode(token_id)
    token = PREFIX + encode(body + root_key.current().mac(_PURPOSE, body))
    return _one(token_id), token


def living(token: str, *, now: datetime) -> InitialAccessToken | None:
    """Return what ``token`` allows, or ``None`` if it may not be used (any more). Any input is safe."""
    token_id = _genuine(token)
    if token_id is None:
        return None
    row = db.session.execute(select(_TABLE).where(_T.id == token_id, _is_alive(now))).first()
    return None if row is None else _value(row)


def claim(token: str, *, now: datetime) -> InitialAccessToken | None:
    """Use ``token`` once; return what it allows, or ``None`` if it may not be used (any more).

    The row count is the lock: a token for one use serves one of those who present it at once.
    """
    token_id = _genuine(token)
    if token_id is None:
        return None
    statement = update(_TABLE).where(_T.id == token_id, _is_alive(now)).values(uses=_T.uses + 1)
    return _one(token_id) if affected(statement) else None


def give_back(token_id: str) -> None:
    """Undo one use, of which nothing came."""
    statement = update(_TABLE).where(_T.id == token_id, _T.uses > 0)
    db.session.execute(statement.values(uses=_T.uses - 1))


def revoke(token_id: str, *, now: datetime) -> None:
    """End one before its time; what it registered stays. One that is over stays as it is.

    Raises:
        NotFoundError: there is no such token.
    """
    statement = update(_TABLE).where(_T.id == token_id, _T.revoked_at.is_(None))
    if affected(statement.values(revoked_at=now)):
        events.record(Kind.INITIAL_TOKEN_REVOKED, now=now, detail={"id": token_id})
    else:
        _one(token_id)


def page(*, after: str | None, limit: int) -> list[InitialAccessToken]:
    """Return at most ``limit`` tokens by age, the oldest first, from the one behind ``after`` on.

    Raises:
        NotFoundError: the token ``after`` is gone; the list has to be read from its beginning.
    """
    rows = select(_TABLE).order_by(_T.created_at, _T.id).limit(limit)
    if after is not None:
        previous = _one(after)
        at = previous.created_at
        rows = rows.where(or_(_T.created_at > at, and_(_T.created_at == at, _T.id > previous.id)))
    return [_value(row) for row in db.session.execute(rows)]


def purge(ended_before: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` tokens that were over before ``ended_before``; return how many.

    When one was used up is not kept; such a one goes if it was made before.
    """
    is_over = or_(
        _T.revoked_at < ended_before,
        _T.expires_at < ended_before,
        and_(_T.uses >= _T.max_uses, _T.created_at < ended_before),
    )
    doomed = select(_T.id).where(is_over).limit(batch)
    return affected(delete(_TABLE).where(_T.id.in_(doomed)))


def _check(new: NewInitialAccessToken, *, now: datetime) -> None:
    if new.max_uses is not None and not 1 <= new.max_uses <= _MAX_USES:
        raise InvalidInputError(f"A token has 1 to {_MAX_USES} uses.", field="max_uses")
    if new.expires_at is not None and new.expires_at <= now:
        raise InvalidInputError("A token ends in the future.", field="expires_at")
    allowed = config.current().registration.scopes
    for scope in new.scope or ():
        if scope not in allowed:
            raise InvalidInputError(
                f"{scope[:100]!r} is not among SIGNET_REGISTRATION_SCOPES.", field="scope"
            )


def _is_alive(now: datetime) -> ColumnElement[bool]:
    return and_(
        _T.revoked_at.is_(None),
        or_(_T.expires_at.is_(None), _T.expires_at > now),
        or_(_T.max_uses.is_(None), _T.uses < _T.max_uses),
    )


def _genuine(token: str) -> str | None:
    if len(token) != _LENGTH or not token.startswith(PREFIX):
        return None
    try:
        raw = decode(token[len(PREFIX) :])
    except ValueError:
        return None
    body, mac = raw[:ID_BYTES], raw[ID_BYTES:]
    return encode(body) if root_key.current().verify(_PURPOSE, body, mac) else None


def _one(token_id: str) -> InitialAccessToken:
    row = db.session.execute(select(_TABLE).where(_T.id == token_id)).first()
    if row is None:
        raise NotFoundError("There is no such initial access token.")
    return _value(row)


def _value(row: Row[Any]) -> InitialAccessToken:
    columns = dict(row._mapping)  # noqa: SLF001 - the documented name of SQLAlchemy's mapping
    scope = columns.pop("scope")
    return InitialAccessToken(**columns, scope=None if scope is None else tuple(scope.split()))
