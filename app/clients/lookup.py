"""Finding clients: one by its identifier on every request, many for the operator's lists."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, tuple_

from app.clients import recent
from app.clients.client import Client, from_row
from app.core.db import db
from app.core.errors import NotFoundError
from app.models.clients import Client as ClientRow
from app.models.clients import ClientSecret

# The unreserved characters of RFC 3986: no identifier needs escaping, and none can pass for the URI
# of an API.
CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_NOUN = "clients"
_Digest = tuple[str, datetime | None]


def get(client_id: str) -> Client | None:
    """Return the client, at most 0.9 seconds old, or ``None``. Any input is safe."""
    if not isinstance(client_id, str):
        return None
    cache: recent.Recent[Client] = recent.of(_NOUN)
    return cache.get(client_id, _read)


def fresh(client_id: str) -> Client:
    """Return the client as the database has it now.

    Raises:
        NotFoundError: there is no such client.
    """
    client = _read(client_id) if isinstance(client_id, str) else None
    if client is None:
        raise NotFoundError("There is no such client.")
    return client


def page(*, after: str | None, limit: int, search: str | None = None) -> list[Client]:
    """Return at most ``limit`` clients by name, from the one behind the identifier ``after`` on.

    ``search`` keeps those whose name contains it, in any case, or whose identifier it is.

    Raises:
        NotFoundError: the client ``after`` is gone; the list has to be read from its beginning.
    """
    order = tuple_(ClientRow.client_name, ClientRow.client_id)
    rows = select(ClientRow.__table__).order_by(ClientRow.client_name, ClientRow.client_id)
    if after is not None:
        previous = fresh(after)
        rows = rows.where(order > tuple_(previous.client_name, previous.client_id))
    if search:
        rows = rows.where(_found_by(search))
    found = db.session.execute(rows.limit(limit)).mappings().all()
    digests = _digests(row["client_id"] for row in found)
    return [from_row(row, digests.get(row["client_id"], ())) for row in found]


def count() -> int:
    """Return how many clients are registered."""
    return db.session.scalar(select(func.count()).select_from(ClientRow)) or 0


def changing(client_id: str) -> None:
    """Say, before the statement, that the current transaction changes this client."""
    recent.of(_NOUN).change(client_id)
    # The one entry of ``origins``, which is made from all clients.
    recent.of("origins").change("all")


def _read(client_id: str) -> Client | None:
    if CLIENT_ID.fullmatch(client_id) is None:
        return None
    statement = select(ClientRow.__table__).where(ClientRow.client_id == client_id)
    row = db.session.execute(statement).mappings().first()
    return None if row is None else from_row(row, _digests([client_id]).get(client_id, ()))


def _digests(client_ids: Iterable[str]) -> dict[str, list[_Digest]]:
    rows = db.session.execute(
        select(ClientSecret.client_id, ClientSecret.digest, ClientSecret.expires_at)
        .where(ClientSecret.client_id.in_(list(client_ids)))
        .order_by(ClientSecret.created_at.desc(), ClientSecret.id)
    )
    found: dict[str, list[_Digest]] = {}
    for client_id, digest, expires_at in rows:
        found.setdefault(client_id, []).append((digest, expires_at))
    return found


def _found_by(search: str) -> Any:
    return or_(
        ClientRow.client_name.icontains(search, autoescape=True), ClientRow.client_id == search
    )
