"""The registry: which clients there are, and every change to one.

Specs:
    RFC 7591 sections 2 and 3.2.1               metadata, and how a client is described to its owner
    OpenID Connect Registration 1.0 section 3.2 the same

A change is in force here at once and on every other node within a second, once its transaction is
committed.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import update as update_table

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import logos, lookup, metadata, secrets
from app.clients.client import PUBLIC, REGISTERED, Client, Registration, to_columns
from app.clients.lookup import count, fresh, get, page
from app.core.clock import epoch
from app.core.db import affected, db, insert_ignore
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.core.secrets import new_id
from app.models.clients import Client as ClientRow

__all__ = [
    "Client", "Registration", "count", "delete", "disable", "enable", "fresh", "get", "information",
    "page", "register", "revoke_tokens_before", "update",
]  # fmt: skip


def register(
    registration: Registration, *, client_id: str | None = None, now: datetime
) -> tuple[Client, str | None]:
    """Add a client; return it and its secret, which is shown this once. A public one has none.

    ``client_id`` is drawn at random unless the operator chooses one. The logo is fetched on the
    way; when that fails the client is registered without one.

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
    logo = logos.fetch(wanted.logo_uri) if wanted.logo_uri else None
    client_id = client_id or _new_client_id()
    lookup.changing(client_id)
    row = to_columns(wanted) | {"client_id": client_id, "created_at": now, "updated_at": now}
    inserted = insert_ignore(ClientRow).values(row).returning(ClientRow.client_id)
    if db.session.scalar(inserted) is None:
        raise ConflictError("There is a client with this identifier.")
    public = wanted.token_endpoint_auth_method == PUBLIC
    secret = None if public else secrets.create(client_id, now=now)
    if logo is not None:
        logos.store(client_id, logo, now=now)
    _record(Kind.CLIENT_CREATED, client_id, now, client_name=wanted.client_name)
    return fresh(client_id), secret


def update(client_id: str, registration: Registration, *, now: datetime) -> Client:
    """Replace all metadata of a client and return it as it now is.

    A client that becomes public loses its secrets. One that becomes confidential has none until
    ``secrets.rotate`` gives it one, and cannot authenticate before. A new logo is fetched; when
    that fails the client has none.

    Raises:
        NotFoundError: there is no such client.
        InvalidInputError: a value is not acceptable; ``field`` says which.
    """
    before = fresh(client_id)
    wanted = metadata.check(registration)
    changed = [name for name in REGISTERED if getattr(before, name) != getattr(wanted, name)]
    logo = logos.fetch(wanted.logo_uri) if "logo_uri" in changed and wanted.logo_uri else None
    _change(client_id, **{name: to_columns(wanted)[name] for name in REGISTERED}, updated_at=now)
    if wanted.token_endpoint_auth_method == PUBLIC:
        secrets.remove_all(client_id)
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


def _new_client_id() -> str:
    # Not beginning with a hyphen: on a command line that would be an option.
    while not (client_id := new_id())[0].isalnum():
        pass
    return client_id


def _change(client_id: str, **columns: Any) -> None:
    lookup.changing(client_id)
    statement = update_table(ClientRow).where(ClientRow.client_id == client_id).values(**columns)
    if affected(statement) == 0:
        raise NotFoundError("There is no such client.")


def _record(kind: Kind, client_id: str, now: datetime, **detail: Any) -> None:
    events.record(kind, now=now, about=Subjects(client_id=client_id), detail=detail)
