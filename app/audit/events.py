"""Audit events: what happened, when, to whom, from where, and who did it.

Specs:
    ASVS 5.0 16.2.1, 16.2.5            the facts, and no secret among them
    ASVS 5.0 16.3.1, 16.3.2, 16.3.3    what is recorded

Rows are added in the transaction of the change they tell of, so there is never one without the
other. A ``detail`` holds names and numbers, never a secret and never what somebody typed as a
login: people type passwords there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Row, Select, bindparam, delete, insert, select

from app.core.context import caller
from app.core.db import affected, db, table_of
from app.core.statements import Statement
from app.models.audit import AuditEvent

_log = structlog.get_logger("signet.audit")
_ACTOR_LENGTH = 128


class Kind(StrEnum):
    """Every kind of event. The value is its name in table and log, and on the command line."""

    SIGN_IN = "sign_in"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGN_IN_THROTTLED = "sign_in.throttled"
    SIGN_OUT = "sign_out"
    SESSION_ENDED = "session.ended"
    CONSENT_GRANTED = "consent.granted"
    CONSENT_DENIED = "consent.denied"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    GRANT_CREATED = "grant.created"
    GRANT_REVOKED = "grant.revoked"
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - the name of an event
    CODE_REUSED = "authorization_code.reused"
    REFRESH_TOKEN_REUSED = "refresh_token.reused"  # noqa: S105 - the name of an event
    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_REVOKED = "user.revoked"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - the name of an event
    CLIENT_CREATED = "client.created"
    CLIENT_UPDATED = "client.updated"
    CLIENT_DISABLED = "client.disabled"
    CLIENT_ENABLED = "client.enabled"
    CLIENT_DELETED = "client.deleted"
    CLIENT_REVOKED = "client.revoked"
    CLIENT_SECRET_ROTATED = "client.secret_rotated"  # noqa: S105 - the name of an event
    CLIENT_REGISTERED = "client.registered"
    CLIENT_REGISTRATION_REFUSED = "client.registration_refused"
    CLIENT_REAPED = "client.reaped"
    REGISTRATION_TOKEN_REUSED = "registration_token.reused"  # noqa: S105 - the name of an event
    INITIAL_TOKEN_CREATED = "initial_access_token.created"  # noqa: S105 - the name of an event
    INITIAL_TOKEN_REVOKED = "initial_access_token.revoked"  # noqa: S105 - the name of an event
    CLIENT_ASSERTION_REPLAYED = "client_assertion.replayed"
    PUSHED_REQUEST_REUSED = "pushed_request.reused"
    DEVICE_APPROVED = "device.approved"
    DEVICE_DENIED = "device.denied"
    DEVICE_CODE_REUSED = "device_code.reused"
    USER_CODE_THROTTLED = "user_code.throttled"
    LOGOUT_DELIVERED = "logout.delivered"
    LOGOUT_GAVE_UP = "logout.gave_up"
    API_CREATED = "api.created"
    API_UPDATED = "api.updated"
    API_DELETED = "api.deleted"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_IMPORTED = "key.imported"
    SET_UP = "installation.set_up"


@dataclass(frozen=True)
class Subjects:
    """Whom an event concerns, as far as it is known."""

    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    grant_id: str | None = None


_NOBODY = Subjects()


@dataclass(frozen=True)
class Event:
    """One recorded event.

    ``actor`` is who acted in another's name, ``reference`` the number that an error page showed.
    """

    id: int
    at: datetime
    kind: str
    outcome: str
    actor: str | None
    user_id: str | None
    client_id: str | None
    session_id: str | None
    grant_id: str | None
    address: str | None
    request_id: str | None
    reference: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)


_T = table_of(AuditEvent)
_COLUMNS = tuple(_T.c[name] for name in Event.__dataclass_fields__)
# Most requests of a sign-in add an event.
_RECORD = Statement(
    insert(_T).values(
        {name: bindparam(name) for name in Event.__dataclass_fields__ if name != "id"}
    )
)


def record(  # noqa: PLR0913 - an event has these facts, each optional and named
    kind: Kind,
    *,
    now: datetime,
    outcome: str = "success",
    about: Subjects = _NOBODY,
    reference: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add one event to the current transaction, and log it under the same name.

    Address, request and actor are those of the current caller. ``outcome`` is ``success`` or
    ``refused``.
    """
    who = caller()
    facts = {
        "outcome": outcome,
        "actor": who.actor[:_ACTOR_LENGTH] if who.actor else None,
        "user_id": about.user_id,
        "client_id": about.client_id,
        "session_id": about.session_id,
        "grant_id": about.grant_id,
        "address": who.address,
        "request_id": who.request_id or None,
        "reference": reference,
    }
    values = {"at": now, "kind": kind.value, "detail": dict(detail or {}), **facts}
    _RECORD.run(values)
    told = {name: value for name, value in facts.items() if value is not None}
    _log.info(kind.value, **told, detail=dict(detail or {}))


def tail(  # noqa: PLR0913 - filters, each optional and named
    *,
    limit: int = 50,
    before_id: int | None = None,
    after_id: int | None = None,
    kind: str | None = None,
    user_id: str | None = None,
    client_id: str | None = None,
) -> list[Event]:
    """Return up to ``limit`` events, the newest first.

    With ``after_id`` they are the *earliest* ones after that event, so that a reader who follows
    misses none.
    """
    query: Select[Any] = select(*_COLUMNS).limit(limit)
    equals = {"kind": kind, "user_id": user_id, "client_id": client_id}
    for name, wanted in equals.items():
        if wanted is not None:
            query = query.where(_T.c[name] == wanted)
    if before_id is not None:
        query = query.where(AuditEvent.id < before_id)
    if after_id is None:
        return [_event(row) for row in db.session.execute(query.order_by(AuditEvent.id.desc()))]
    query = query.where(AuditEvent.id > after_id).order_by(AuditEvent.id)
    return [_event(row) for row in db.session.execute(query)][::-1]


def purge(older_than: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` events from before ``older_than``, the oldest first; count them."""
    doomed = (
        select(AuditEvent.id)
        .where(AuditEvent.at < older_than)
        .order_by(AuditEvent.at)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    return affected(delete(AuditEvent).where(AuditEvent.id.in_(doomed)))


def _event(row: Row[Any]) -> Event:
    return Event(**row._mapping)  # noqa: SLF001 - the documented name of SQLAlchemy's mapping
