"""Consent: what a person has allowed a client, remembered, and asked again when it grows.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.4    obtaining consent
    OpenID Connect Core 1.0 section 11         offline_access needs it
    ASVS 5.0 10.7.2, 10.7.3                    what is asked, and how it is taken back
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import registry
from app.clients.registry import Client
from app.core.db import affected, db, insert_ignore
from app.models.consents import Consent as Row
from app.protocol.authorization_request import AuthorizationRequest
from app.tokens import revocation


@dataclass(frozen=True)
class Consent:
    """What one person allows one client; nothing, at first."""

    scope: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    granted_at: datetime | None = None


@dataclass(frozen=True)
class Connection:
    """A client that a person has allowed something, as the account page shows it."""

    client_id: str
    client_name: str
    scope: tuple[str, ...]
    granted_at: datetime


def of(user_id: str, client_id: str) -> Consent:
    """Return what ``user_id`` allows ``client_id``."""
    row = db.session.execute(
        select(Row.scope, Row.resources, Row.granted_at).where(
            Row.user_id == user_id, Row.client_id == client_id
        )
    ).first()
    if row is None:
        return Consent()
    return Consent(tuple(row.scope.split()), tuple(row.resources.split()), row.granted_at)


def consented_at(client: Client, request: AuthorizationRequest, user_id: str) -> datetime | None:
    """Return when all of ``request`` was allowed, or ``None`` while some of it is not.

    The operator's own clients (``skip_consent``) need none, unless they ask for it by ``prompt=consent``.
    """
    if client.skip_consent and "consent" not in request.prompt:
        return client.created_at
    known = of(user_id, client.client_id)
    if set(request.scope) <= set(known.scope) and set(request.resources) <= set(known.resources):
        return known.granted_at
    return None


def remember(request: AuthorizationRequest, user_id: str, *, now: datetime) -> None:
    """Add what ``request`` asks for to what the person allows its client."""
    known = of(user_id, request.client_id)
    values = {
        "scope": " ".join(dict.fromkeys((*known.scope, *request.scope))),
        "resources": " ".join(dict.fromkeys((*known.resources, *request.resources))),
        "granted_at": now,
    }
    key = {"user_id": user_id, "client_id": request.client_id}
    changed = affected(
        update(Row)
        .where(Row.user_id == user_id, Row.client_id == request.client_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not changed:
        db.session.execute(insert_ignore(Row).values(**key, **values))
    about = Subjects(**key)
    events.record(
        Kind.CONSENT_GRANTED, now=now, about=about,
        detail={"scope": request.scope, "resources": request.resources},
    )  # fmt: skip


def record_denial(request: AuthorizationRequest, user_id: str, *, now: datetime) -> None:
    """Record that the person said no."""
    about = Subjects(user_id=user_id, client_id=request.client_id)
    events.record(
        Kind.CONSENT_DENIED,
        now=now,
        outcome="refused",
        about=about,
        detail={"scope": request.scope},
    )


def connections(user_id: str) -> list[Connection]:
    """Return every client that the person allows something, the latest first."""
    rows = db.session.execute(
        select(Row.client_id, Row.scope, Row.granted_at)
        .where(Row.user_id == user_id)
        .order_by(Row.granted_at.desc())
    ).all()
    named = [(row, registry.get(row.client_id)) for row in rows]
    return [
        Connection(row.client_id, client.client_name, tuple(row.scope.split()), row.granted_at)
        for row, client in named
        if client is not None
    ]


def withdraw(user_id: str, client_id: str, *, now: datetime) -> bool:
    """Take back what the person allowed a client and end all it holds; tell whether there was anything."""
    removed = affected(
        delete(Row)
        .where(Row.user_id == user_id, Row.client_id == client_id)
        .execution_options(synchronize_session=False)
    )
    ended = revocation.of_connection(user_id, client_id, now=now)
    if removed:
        about = Subjects(user_id=user_id, client_id=client_id)
        events.record(Kind.CONSENT_WITHDRAWN, now=now, about=about, detail={"grants": ended})
    return bool(removed or ended)
