"""Sessions: browsers that are signed in, on our side of the cookie.

Specs:
    ASVS 5.0 7.2.3, 7.2.4, 7.3.1, 7.3.2, 7.4.1, 7.4.2  our own tokens, two lifetimes, ended for good
    OpenID Connect Back-Channel Logout 1.0 section 2.1    ``sid``

A session keeps its id for good: grants and ``sid`` rest on it, and a later logout is understood by
every application. What changes at each sign-in is the cookie, a number of its own and a MAC of it,
so the table holds nothing that a thief could present. ``expires_at`` is when the session is over if
nothing more happens: it moves with use, up to the absolute end. Whoever is disabled has no session,
whatever the table says. Ending is recorded by the caller, who knows what else ends with it; only
the beginning is recorded here.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, insert, or_, select, update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core import config, root_key
from app.core.context import caller
from app.core.db import affected, db, table_of
from app.core.reading import Query
from app.core.secrets import ID_BYTES, decode, encode, new_id
from app.core.statements import Statement
from app.identity.authentication import Authenticated
from app.models.identity import User, UserSession

_PREFIX = "sgs_"
_PURPOSE = "session"
_LENGTH = len(_PREFIX) + 64
_SID_BYTES = 16
_TOUCH_EVERY = timedelta(minutes=1)
_AGENT_LENGTH = 256


@dataclass(frozen=True)
class Session:
    """One session. ``expires_at`` is its end if it is not used again, ``ended_at`` its real end."""

    id: str
    user_id: str
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str | None
    agent: str | None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class SessionRow:
    """A session and the name of whose it is, for lists."""

    session: Session
    username: str


_T, _PEOPLE = table_of(UserSession), table_of(User)
_COLUMNS = tuple(_T.c[name] for name in Session.__dataclass_fields__)
# What every signed-in request needs is built once: building a statement costs more than running it.
_CURRENT = Query(
    select(*_COLUMNS)
    .join(_PEOPLE, _PEOPLE.c.id == _T.c.user_id)
    .where(_T.c.cookie_id == bindparam("cookie"), _PEOPLE.c.disabled_at.is_(None))
)
_BEGUN = (
    "id", "cookie_id", "user_id", "auth_time", "acr", "amr", "created_at", "last_seen_at", "expires_at",
    "address", "agent",
)  # fmt: skip
_START = Statement(insert(_T).values({name: bindparam(name) for name in _BEGUN}))
_HOLD = Statement(
    update(_T)
    .where(
        _T.c.id == bindparam("session"),
        _T.c.ended_at.is_(None),
        _T.c.expires_at > bindparam("now"),
    )
    # The row is locked by being written; what it says stays as it is.
    .values(last_seen_at=_T.c.last_seen_at)
)
_TOUCH = Statement(
    update(_T)
    .where(
        _T.c.id == bindparam("session"),
        _T.c.ended_at.is_(None),
        _T.c.last_seen_at <= bindparam("stale"),
    )
    .values(last_seen_at=bindparam("now"), expires_at=bindparam("over"))
)


def start(
    authenticated: Authenticated, *, replaces: str | None, now: datetime
) -> tuple[Session, str]:
    """Begin a session, or renew one; return it and the value of its cookie.

    ``replaces`` is the id of the session that this browser has. If it is the same person's and not
    ended meanwhile it begins anew under the same id, and its old cookie is worth nothing from now
    on; otherwise it stays as it is, and the new session is one more.
    """
    raw = os.urandom(ID_BYTES)
    who = caller()
    values: dict[str, Any] = {
        "cookie_id": encode(raw),
        "user_id": authenticated.user_id,
        "auth_time": authenticated.auth_time,
        "acr": authenticated.acr,
        "amr": " ".join(authenticated.amr),
        "created_at": now,
        "last_seen_at": now,
        "expires_at": _expiry(created_at=now, now=now),
        "address": who.address,
        "agent": who.agent[:_AGENT_LENGTH] if who.agent else None,
    }
    renewed = replaces is not None and _renew(replaces, values)
    session_id = replaces if replaces is not None and renewed else new_id()
    if not renewed:
        _START.run({"id": session_id, **values})
    events.record(
        Kind.SIGN_IN,
        now=now,
        about=Subjects(user_id=authenticated.user_id, session_id=session_id),
        detail={"amr": list(authenticated.amr), "renewed": renewed},
    )
    del values["cookie_id"]
    session = Session(**{**values, "id": session_id, "amr": authenticated.amr})
    return session, _PREFIX + encode(raw + root_key.current().mac(_PURPOSE, raw))


def current(cookie: str | None, *, now: datetime) -> Session | None:
    """Return the live session of a cookie, and note, once a minute, that it is in use."""
    cookie_id = _opened(cookie)
    if cookie_id is None:
        return None
    row = _CURRENT.first({"cookie": cookie_id})
    if row is None:
        return None
    session = _session(row)
    if not is_alive(session, now=now):
        return None
    if now - session.last_seen_at >= _TOUCH_EVERY:
        _touch(session, now)
    return session


def is_alive(session: Session, *, now: datetime) -> bool:
    """Tell whether a session is neither ended nor over, by today's lifetimes."""
    idle = session.last_seen_at + config.current().sessions.idle_timeout
    absolute = session.created_at + config.current().sessions.absolute_timeout
    return session.ended_at is None and now < min(session.expires_at, idle, absolute)


def hold(session_id: str, *, now: datetime) -> bool:
    """Tell whether a session is alive, and keep it so until the current transaction is over.

    For what is made in its name: whoever ends the session either came first, or waits and then
    finds what was made. Nothing can slip between the two.
    """
    return _HOLD.run({"session": session_id, "now": now}) == 1


def end(session_id: str, *, reason: str, now: datetime) -> bool:
    """End a session; tell whether it was not ended before."""
    statement = update(UserSession).where(
        UserSession.id == session_id, UserSession.ended_at.is_(None)
    )
    return affected(statement.values(ended_at=now, end_reason=reason)) == 1


def end_all(user_id: str, *, reason: str, now: datetime, but: str | None = None) -> list[str]:
    """End all sessions of a person, except the one with the id ``but``; return which."""
    statement = update(_T).where(_T.c.user_id == user_id, _T.c.ended_at.is_(None))
    if but is not None:
        statement = statement.where(_T.c.id != but)
    ending = statement.values(ended_at=now, end_reason=reason).returning(_T.c.id)
    return list(db.session.scalars(ending))


def get(session_id: str) -> Session | None:
    """Return a session, alive or not."""
    row = db.session.execute(select(*_COLUMNS).where(UserSession.id == session_id)).one_or_none()
    return None if row is None else _session(row)


def of_user(user_id: str, *, now: datetime) -> list[Session]:
    """Return the live sessions of a person, the one used last first."""
    query = select(*_COLUMNS).where(
        UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.expires_at > now
    )
    rows = db.session.execute(query.order_by(UserSession.last_seen_at.desc(), UserSession.id))
    return [each for each in map(_session, rows) if is_alive(each, now=now)]


def page(*, after: str | None, limit: int, now: datetime) -> list[SessionRow]:
    """Return up to ``limit`` live sessions, the newest first, from behind the one ``after``."""
    query: Select[Any] = (
        select(*_COLUMNS, User.username)
        .join(User, User.id == UserSession.user_id)
        .where(UserSession.ended_at.is_(None), User.disabled_at.is_(None))
        .where(UserSession.last_seen_at > now - config.current().sessions.idle_timeout)
        .where(UserSession.created_at > now - config.current().sessions.absolute_timeout)
        .where(UserSession.expires_at > now)
        .order_by(UserSession.created_at.desc(), UserSession.id.desc())
        .limit(limit)
    )
    if after is not None:
        last = get(after)
        if last is None:
            return []
        is_older = UserSession.created_at < last.created_at
        is_beside = and_(UserSession.created_at == last.created_at, UserSession.id < last.id)
        query = query.where(or_(is_older, is_beside))
    return [SessionRow(_session(row), row.username) for row in db.session.execute(query)]


def purge(now: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` sessions that have been over for as long as the settings keep them."""
    before = now - config.current().retention.ended
    removed = 0
    for column in (UserSession.ended_at, UserSession.expires_at):
        doomed = select(UserSession.id).where(column < before).limit(batch - removed)
        chosen = doomed.with_for_update(skip_locked=True)
        removed += affected(delete(UserSession).where(UserSession.id.in_(chosen)))
    return removed


def sid(session_id: str, client_id: str) -> str:
    """Return the name of a session for one client, of no use in finding another client's.

    It is the same each time, until a new root key is put before the present one.
    """
    message = f"{session_id}|{client_id}".encode()
    return encode(root_key.current().mac("sid", message)[:_SID_BYTES])


def _opened(cookie: str | None) -> str | None:
    """Return the number in a cookie of our making; anything else never reaches the database."""
    if cookie is None or len(cookie) != _LENGTH or not cookie.startswith(_PREFIX):
        return None
    try:
        raw = decode(cookie.removeprefix(_PREFIX))
    except ValueError:
        return None
    if not root_key.current().verify(_PURPOSE, raw[:ID_BYTES], raw[ID_BYTES:]):
        return None
    return encode(raw[:ID_BYTES])


def _renew(session_id: str, values: dict[str, Any]) -> bool:
    statement = update(UserSession).where(
        UserSession.id == session_id,
        UserSession.user_id == values["user_id"],
        UserSession.ended_at.is_(None),
    )
    return affected(statement.values(values)) == 1


def _touch(session: Session, now: datetime) -> None:
    values = {
        "session": session.id,
        "stale": now - _TOUCH_EVERY,
        "now": now,
        "over": _expiry(created_at=session.created_at, now=now),
    }
    _TOUCH.run(values)


def _expiry(*, created_at: datetime, now: datetime) -> datetime:
    settings = config.current().sessions
    return min(now + settings.idle_timeout, created_at + settings.absolute_timeout)


def _session(row: Sequence[Any]) -> Session:
    # The columns stand in the order of the fields.
    values = dict(zip(Session.__dataclass_fields__, row, strict=False))
    values["amr"] = tuple(values["amr"].split())
    return Session(**values)
