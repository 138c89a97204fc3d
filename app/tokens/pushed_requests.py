"""Pushed authorization requests: kept for a moment, for one sign-in of one client.

Specs:
    RFC 9126 sections 2.2, 4, 7.1, 7.3    the handle: not to be guessed, bound to its client, used once

A handle is derived from its row like every code of ours, so the database holds none. It may be looked at as often
as the person reloads the page; what uses it up is the answer to the client, in the same transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core import config, root_key
from app.core.db import Instant, affected, db, table_of
from app.core.reading import Query
from app.core.secrets import ID_BYTES, decode, encode, new_id
from app.models.requests import PushedRequest

HANDLE_PREFIX = "urn:ietf:params:oauth:request_uri:"
_PURPOSE = "pushed-request"
_MAC_BYTES = 32
_HANDLE_LENGTH = len(HANDLE_PREFIX) + len(encode(bytes(ID_BYTES + _MAC_BYTES)))

_T = table_of(PushedRequest).c
# Statements are built once: building one costs more than running it.
_STORE = insert(table_of(PushedRequest))
_FIND = Query(
    select(_T.id, _T.client_id, _T.parameters, _T.expires_at, _T.spent_at).where(
        _T.id == bindparam("pushed")
    )
)
_SPEND = (
    update(table_of(PushedRequest))
    .where(_T.id == bindparam("pushed"), _T.spent_at.is_(None))
    .values(spent_at=bindparam("now", type_=Instant()))
)


@dataclass(frozen=True)
class Pushed:
    """A pushed request as it was read a moment ago; only ``spend`` decides whether it is unused."""

    id: str
    client_id: str
    parameters: tuple[tuple[str, str], ...]
    expires_at: datetime
    spent_at: datetime | None

    def is_over(self, now: datetime) -> bool:
        """Tell whether no sign-in can begin with it any more."""
        return self.spent_at is not None or self.expires_at <= now


def store(
    client_id: str, parameters: Iterable[tuple[str, str]], *, expires_at: datetime, now: datetime
) -> str:
    """Keep the parameters of a request; return its handle."""
    pushed_id = new_id()
    values = {
        "id": pushed_id,
        "client_id": client_id,
        "parameters": [list(pair) for pair in parameters],
        "created_at": now,
        "expires_at": expires_at,
        "spent_at": None,
        # A sign-in that began in time has to find it when it ends.
        "purge_after": expires_at + config.current().tokens.interaction_lifetime,
    }
    db.session.execute(_STORE, values)
    body = decode(pushed_id)
    return HANDLE_PREFIX + encode(body + root_key.current().mac(_PURPOSE, body))


def find(handle: str) -> Pushed | None:
    """Return the request that ``handle`` names, over or not, or ``None`` unless we made the handle."""
    pushed_id = _id_of(handle)
    row = None if pushed_id is None else _FIND.first({"pushed": pushed_id})
    if row is None:
        return None
    pairs = tuple((name, value) for name, value in row.parameters)
    return Pushed(row.id, row.client_id, pairs, row.expires_at, row.spent_at)


def spend(pushed_id: str, *, now: datetime) -> bool:
    """Use a request up; tell whether it was unused. A second use leaves a trace."""
    if affected(_SPEND, {"pushed": pushed_id, "now": now}):
        return True
    client_id = db.session.execute(select(_T.client_id).where(_T.id == pushed_id)).scalar()
    events.record(
        Kind.PUSHED_REQUEST_REUSED,
        now=now,
        outcome="refused",
        about=Subjects(client_id=client_id),
        detail={"pushed_request": pushed_id},
    )
    return False


def purge(now: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` requests that no sign-in can come back to; return how many."""
    doomed = (
        select(_T.id).where(_T.purge_after <= now).limit(batch).with_for_update(skip_locked=True)
    )
    return affected(delete(table_of(PushedRequest)).where(_T.id.in_(doomed)))


def _id_of(handle: str) -> str | None:
    if len(handle) != _HANDLE_LENGTH or not handle.startswith(HANDLE_PREFIX):
        return None
    try:
        raw = decode(handle[len(HANDLE_PREFIX) :])
    except ValueError:  # UnicodeEncodeError and binascii.Error are ValueErrors
        return None
    body, mac = raw[:ID_BYTES], raw[ID_BYTES:]
    return encode(body) if root_key.current().verify(_PURPOSE, body, mac) else None
