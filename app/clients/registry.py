"""The registry: which clients there are, and every change to one.

Specs:
    RFC 7591 sections 2 and 3.2.1               metadata, and how a client is described to its owner
    OpenID Connect Registration 1.0 section 3.2 the same

A change is in force here at once and on every other node within a second, once its transaction is
committed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import or_
from sqlalchemy import update as update_table

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import (
    logos,
    lookup,
    metadata,
    registration_tokens,
    sealed_secrets,
    secrets,
    sectors,
)
from app.clients.client import (
    CLIENT_SECRET_JWT,
    REGISTERED,
    SECRET_METHODS,
    Client,
    Registration,
    to_columns,
)
from app.clients.lookup import count, fresh, get, page
from app.clients.registration_tokens import RegistrationTokenReplacedError
from app.core.clock import epoch
from app.core.db import affected, db, insert_ignore
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.core.secrets import new_id
from app.models.clients import Client as ClientRow

__all__ = [
    "OPERATOR", "Client", "Origin", "Registration", "count", "delete", "disable", "enable", "fresh",
    "get", "information", "note_use", "page", "register", "revoke_tokens_before", "update",
]  # fmt: skip

_USE_NOTED_EVERY = timedelta(days=1)
# What an application cannot say about itself, and so cannot change either.
_OPERATORS_ALONE = ("claim_mappings", "resources", "skip_consent")


@dataclass(frozen=True)
class Origin:
    """Whose wish it is: an operator's, or a client's own, with what it showed to vouch for it.

    ``initial_token_id`` names the operator's leave to register; ``generation`` is that of the
    registration token with which a client changes itself, and ends with the change.
    """

    is_dynamic: bool = False
    software_statement: str | None = None
    initial_token_id: str | None = None
    generation: int | None = None


OPERATOR = Origin()


def register(
    registration: Registration,
    *,
    client_id: str | None = None,
    origin: Origin = OPERATOR,
    now: datetime,
) -> tuple[Client, str | None]:
    """Add a client; return it and its secret, which is shown this once, if it uses one.

    ``client_id`` is drawn at random unless the operator chooses one. The logo is fetched on the
    way; when that fails the client is registered without one. The file of its sector is fetched
    too, and that has to succeed.

    Raises:
        InvalidInputError: a value is not acceptable; ``field`` says which.
        ConflictError: there is a client with this identifier.
    """
    if client_id is not None and lookup.CLIENT_ID.fullmatch(client_id) is None:
        raise InvalidInputError(
            "A client identifier has 1 to 64 letters, digits and . _ ~ -", field="client_id"
        )
    wanted = metadata.check(registration)
    # Before the first write: a slow web server must not hold the database.
    sectors.check(wanted)
    logo = logos.fetch(wanted.logo_uri) if wanted.logo_uri else None
    client_id = client_id or new_id()
    lookup.changing(client_id)
    row = to_columns(wanted) | {
        "client_id": client_id,
        "is_dynamic": origin.is_dynamic,
        "software_statement": origin.software_statement,
        "created_at": now,
        "updated_at": now,
    }
    inserted = insert_ignore(ClientRow).values(row).returning(ClientRow.client_id)
    if db.session.scalar(inserted) is None:
        raise ConflictError("There is a client with this identifier.")
    method, secret = wanted.token_endpoint_auth_method, None
    if method in SECRET_METHODS:
        secret = secrets.create(client_id, sealed=method == CLIENT_SECRET_JWT, now=now)
    if logo is not None:
        logos.store(client_id, logo, now=now)
    detail = {"client_name": wanted.client_name}
    if origin.initial_token_id is not None:
        detail["initial_access_token"] = origin.initial_token_id
    kind = Kind.CLIENT_REGISTERED if origin.is_dynamic else Kind.CLIENT_CREATED
    _record(kind, client_id, now, **detail)
    return fresh(client_id), secret


def update(
    client_id: str, registration: Registration, *, origin: Origin = OPERATOR, now: datetime
) -> Client:
    """Replace all metadata of a client and return it as it now is.

    Claim mappings, APIs and whether consent is skipped stay as they are if the client itself asks.
    A client whose method needs no secret loses its secrets. One that begins to use a secret, or to
    make MACs with it, has none for that until ``secrets.rotate`` gives it one, and cannot
    authenticate before. A new logo is fetched; when that fails the client has none.

    Raises:
        NotFoundError: there is no such client.
        InvalidInputError: a value is not acceptable; ``field`` says which.
        RegistrationTokenReplacedError: the registration token of ``origin`` is not the living one.
    """
    before = fresh(client_id)
    further: dict[str, Any] = {"updated_at": now}
    if origin.is_dynamic:
        kept: dict[str, Any] = {name: getattr(before, name) for name in _OPERATORS_ALONE}
        registration = replace(registration, **kept)
        further["software_statement"] = origin.software_statement or before.software_statement
    wanted = metadata.check(registration)
    changed = [name for name in REGISTERED if getattr(before, name) != getattr(wanted, name)]
    if {"sector_identifier_uri", "redirect_uris"} & {*changed}:
        sectors.check(wanted)
    logo = logos.fetch(wanted.logo_uri) if "logo_uri" in changed and wanted.logo_uri else None
    # The first write, after everything that may take long: who loses here has changed nothing.
    if origin.generation is not None and not registration_tokens.advance(
        client_id, presented=origin.generation, now=now
    ):
        raise RegistrationTokenReplacedError
    _change(client_id, **to_columns(wanted), **further)
    if wanted.token_endpoint_auth_method not in SECRET_METHODS:
        secrets.remove_all(client_id)
    elif wanted.token_endpoint_auth_method != CLIENT_SECRET_JWT:
        sealed_secrets.forget(client_id)
    if "logo_uri" in changed:
        logos.store(client_id, logo, now=now)
    _record(Kind.CLIENT_UPDATED, client_id, now, changed=changed)
    return fresh(client_id)


def delete(client_id: str, *, now: datetime) -> None:
    """Remove a client with its secrets, logo, grants and consents.

    Raises:
        NotFoundError: there is no such client.
    """
    lookup.changing(client_id)
    if affected(delete_from(ClientRow).where(ClientRow.client_id == client_id)) == 0:
        raise NotFoundError("There is no such client.")
    _record(Kind.CLIENT_DELETED, client_id, now)


def disable(client_id: str, *, now: datetime) -> None:
    """Switch a client off: it is refused everywhere until it is enabled. What is off stays off.

    Raises:
        NotFoundError: there is no such client.
    """
    if fresh(client_id).disabled_at is None:
        _change(client_id, disabled_at=now, updated_at=now)
        _record(Kind.CLIENT_DISABLED, client_id, now)


def enable(client_id: str, *, now: datetime) -> None:
    """Switch a client on again. What is on stays as it is.

    Raises:
        NotFoundError: there is no such client.
    """
    if fresh(client_id).disabled_at is not None:
        _change(client_id, disabled_at=None, updated_at=now)
        _record(Kind.CLIENT_ENABLED, client_id, now)


def revoke_tokens_before(client_id: str, *, now: datetime) -> None:
    """Make every token void that the client got before ``now``, those without a grant included.

    Raises:
        NotFoundError: there is no such client.
    """
    _change(client_id, revoked_before=now, updated_at=now)
    _record(Kind.CLIENT_REVOKED, client_id, now)


def note_use(client: Client, *, now: datetime) -> None:
    """Remember, to the day, that a client which registered itself is in use, so that it is kept."""
    noted = client.last_used_at
    if not client.is_dynamic or (noted is not None and now - noted < _USE_NOTED_EVERY):
        return
    lookup.changing(client.client_id)
    is_due = or_(ClientRow.last_used_at.is_(None), ClientRow.last_used_at < now - _USE_NOTED_EVERY)
    statement = update_table(ClientRow).where(ClientRow.client_id == client.client_id, is_due)
    db.session.execute(statement.values(last_used_at=now))


def information(client: Client, *, secret: str | None = None) -> dict[str, Any]:
    """Return the client information of RFC 7591 section 3.2.1, ready for JSON.

    ``secret`` is in it when given. What has no value is left out. Members that no specification
    names are Signet's own metadata.
    """
    described: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": epoch(client.created_at),
    }
    if secret is not None:
        described |= {"client_secret": secret, "client_secret_expires_at": 0}
    columns = to_columns(client)
    # Always there: left out, it would mean "code".
    columns["response_types"] = ["code"] if client.allows_grant("authorization_code") else []
    empty = {name for name, value in columns.items() if value in (None, "", [])}
    return described | {
        name: value
        for name, value in columns.items()
        if name not in empty or name == "response_types"
    }


def _change(client_id: str, **columns: Any) -> None:
    lookup.changing(client_id)
    statement = update_table(ClientRow).where(ClientRow.client_id == client_id).values(**columns)
    if affected(statement) == 0:
        raise NotFoundError("There is no such client.")


def _record(kind: Kind, client_id: str, now: datetime, **detail: Any) -> None:
    events.record(kind, now=now, about=Subjects(client_id=client_id), detail=detail)
