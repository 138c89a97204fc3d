"""Consent: what a person has allowed a client, remembered, and asked again when it grows.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.4    obtaining consent
    OpenID Connect Core 1.0 section 11         offline_access needs it
    ASVS 5.0 10.7.2, 10.7.3                    what is asked, and how it is taken back
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import registry
from app.clients.registry import Client
from app.core.db import affected, db, insert_ignore, table_of
from app.core.reading import Query
from app.core.statements import Statement
from app.models.consents import Consent as Row
from app.protocol.authorization_request import AuthorizationRequest
from app.protocol.extensions import resource_indicators
from app.tokens import revocation
from app.tokens.claims import SCOPES

# Built once: building a statement costs more than running it.
_T = table_of(Row)
_IS_THEIRS = (_T.c.user_id == bindparam("person")) & (_T.c.client_id == bindparam("client"))
_OF = Query(select(_T.c.scope, _T.c.resources, _T.c.granted_at).where(_IS_THEIRS))
# The row is locked by being written; what it says stays as it is.
_HOLD = Statement(update(_T).where(_IS_THEIRS).values(granted_at=_T.c.granted_at))


@dataclass(frozen=True)
class Consent:
    """What one person allows one client; nothing, at first."""

    scope: frozenset[str] = frozenset()
    # What was allowed at each API, by its identifier: a scope of one means nothing at another.
    resources: Mapping[str, frozenset[str]] = field(default_factory=dict)
    granted_at: datetime | None = None

    def covers(self, wanted: "Consent") -> bool:
        """Tell whether all of ``wanted`` was allowed."""
        return wanted.scope <= self.scope and all(
            identifier in self.resources and scopes <= self.resources[identifier]
            for identifier, scopes in wanted.resources.items()
        )


@dataclass(frozen=True)
class Connection:
    """A client that a person has allowed something, as the account page shows it."""

    client_id: str
    client_name: str
    scope: tuple[str, ...]
    granted_at: datetime


def of(user_id: str, client_id: str) -> Consent:
    """Return what ``user_id`` allows ``client_id``."""
    row = _OF.first({"person": user_id, "client": client_id})
    if row is None:
        return Consent()
    at_apis = {identifier: frozenset(scopes) for identifier, scopes in row.resources.items()}
    return Consent(frozenset(row.scope.split()), at_apis, row.granted_at)


def wanted_by(request: AuthorizationRequest) -> Consent:
    """Return what would have to be allowed for ``request``."""
    asked = resource_indicators.apis_among(request.resources)
    return Consent(
        scope=frozenset(word for word in _asked(request) if word in SCOPES),
        resources={
            api.identifier: frozenset(word for word in request.scope if word in api.scopes)
            for api in asked
        },
    )


def _asked(request: AuthorizationRequest) -> tuple[str, ...]:
    # Asking for one claim shows no more than asking for the scope that owns it.
    return request.scope + request.wanted_claim_scope


def consented_at(client: Client, request: AuthorizationRequest, user_id: str) -> datetime | None:
    """Return when all of ``request`` was allowed, or ``None`` while some of it is not.

    The operator's own clients (``skip_consent``) need none, unless they ask for it by ``prompt=consent``. An app
    that cannot prove who it is is asked about every time: another may answer to its address (RFC 8252 section 8.6).
    """
    if client.skip_consent and "consent" not in request.prompt:
        return client.created_at
    known = of(user_id, client.client_id)
    if known.granted_at is None or not known.covers(wanted_by(request)):
        return None
    if _is_unproved(client, request) and known.granted_at.timestamp() < request.issued_at:
        return None
    return known.granted_at


def hold(client: Client, request: AuthorizationRequest, user_id: str) -> bool:
    """Keep what was allowed from being withdrawn until the transaction ends; tell whether it is still there."""
    if client.skip_consent and "consent" not in request.prompt:
        return True
    return _lock(user_id, client.client_id)


def remember(request: AuthorizationRequest, user_id: str, *, now: datetime) -> None:
    """Add what ``request`` asks for to what the person allows its client."""
    key = {"user_id": user_id, "client_id": request.client_id}
    # The row first, then its lock, then what it says: two tabs that allow at once lose nothing of each other.
    db.session.execute(insert_ignore(Row).values(**key, scope="", resources={}, granted_at=now))
    _lock(user_id, request.client_id)
    known, wanted = of(user_id, request.client_id), wanted_by(request)
    merged = {
        identifier: sorted(known.resources.get(identifier, frozenset()) | scopes)
        for identifier, scopes in {**known.resources, **wanted.resources}.items()
    }
    affected(
        update(Row)
        .where(Row.user_id == user_id, Row.client_id == request.client_id)
        .values(
            scope=" ".join(sorted(known.scope | wanted.scope)), resources=merged, granted_at=now
        )
        .execution_options(synchronize_session=False)
    )
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
        select(Row.client_id, Row.scope, Row.resources, Row.granted_at)
        .where(Row.user_id == user_id)
        .order_by(Row.granted_at.desc())
    ).all()
    named = [(row, registry.get(row.client_id)) for row in rows]
    return [
        Connection(row.client_id, client.client_name, _scopes_of(row), row.granted_at)
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


def _lock(user_id: str, client_id: str) -> bool:
    return _HOLD.run({"person": user_id, "client": client_id}) == 1


def _is_unproved(client: Client, request: AuthorizationRequest) -> bool:
    is_claimed = request.redirect_uri.startswith("https:")
    return client.is_native and client.is_public and not is_claimed


def _scopes_of(row: Any) -> tuple[str, ...]:
    at_apis = (scope for scopes in row.resources.values() for scope in scopes)
    return tuple(dict.fromkeys((*row.scope.split(), *at_apis)))
