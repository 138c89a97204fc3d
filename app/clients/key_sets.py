"""The key sets of clients: registered here, or fetched from ``jwks_uri`` and kept for a while.

Specs:
    RFC 7591 section 2                        jwks, jwks_uri
    OpenID Connect Core 1.0 section 10.1.1    an unknown kid asks for a new fetch
    ASVS 5.0 2.4.1, 15.4.2                    asked for by many at once, fetched once

Every node reads one row. Who wants to fetch first claims the row, in a statement of which one of
many succeeds, and ends the transaction: nobody waits for a stranger's server with one open, and no
flood of tokens makes us flood that server.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from threading import BoundedSemaphore
from time import monotonic, sleep
from typing import Any

import structlog
from sqlalchemy import bindparam, case, null, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.clients import lookup, public_keys, recent
from app.clients.client import Client
from app.core import config, outbound, public_jwk
from app.core.db import affected, db, own_insert, release, table_of
from app.core.errors import InvalidInputError, SignetError
from app.core.outbound import OutboundRefusedError
from app.core.reading import Query
from app.models.clients import ClientKeySet

_log = structlog.get_logger("signet.clients")
_NOUN = "client_key_sets"
_ACCEPT = "application/jwk-set+json, application/json"
# A set that cannot be fetched serves on for so long: an outage of a client's server is not the end
# of its sign-ins, nor may its old keys last for ever.
_LONGEST_STALE = timedelta(hours=24)
# What is being fetched by somebody else is waited for, briefly and by few, in seconds.
_PATIENCE = 1.0
_PAUSE = 0.05
_waiting = BoundedSemaphore(4)

_TABLE = table_of(ClientKeySet)
_T = _TABLE.c
_READ = Query(
    select(_T.uri, _T["keys"].label("key_set"), _T.fetched_at, _T.attempted_at).where(
        _T.client_id == bindparam("client_id")
    )
)
_STORE = update(_TABLE).where(
    _T.client_id == bindparam("whose"),
    _T.uri == bindparam("from_uri"),
    # A slow answer does not displace that of a later question.
    or_(_T.fetched_at.is_(None), _T.fetched_at <= bindparam("asked_at")),
)


class KeySetUnavailableError(SignetError):
    """The keys of the client cannot be had now, so nothing that it signed can be believed."""

    public = "The keys of the client are not available."


def document(client: Client, *, now: datetime) -> Mapping[str, Any]:
    """Return the key set of ``client``; a fetched one is at most as old as the settings allow.

    If it cannot be renewed, it serves on for a day. Fetching ends the transaction: call it before
    the first change.

    Raises:
        KeySetUnavailableError: it has none, or it cannot be fetched and nothing older is kept.
    """
    if client.jwks is not None:
        return client.jwks
    if client.jwks_uri is None:
        raise KeySetUnavailableError(detail=f"{client.client_id} has registered no keys")
    longest = config.current().client_authentication.jwks_max_age
    row = _recent(client)
    if _age(row, now) < longest:
        return _keys(row)
    is_ours = _may_fetch(client, row, now=now)
    found = _fetch(client, now=now) if is_ours else None
    if found is not None:
        return found
    if _age(row, now) < max(_LONGEST_STALE, longest):
        return _keys(row)
    row = None if is_ours else _awaited(client, None, now=now)
    if row is None:
        raise KeySetUnavailableError(detail=f"{client.client_id}: its keys cannot be fetched")
    return _keys(row)


def renewed(client: Client, *, now: datetime) -> Mapping[str, Any] | None:
    """Return the key set fetched anew, or ``None`` if it was just fetched, or is not fetched at all.

    What another node has fetched since we looked counts as well.
    """
    if client.jwks is not None or client.jwks_uri is None:
        return None
    seen = _recent(client)
    before = None if seen is None else seen.fetched_at
    row = _current(client)
    if row is not None and row.fetched_at not in {None, before}:
        return _keys(row)
    if _may_fetch(client, row, now=now):
        return _fetch(client, now=now)
    row = _awaited(client, before, now=now)
    return None if row is None else _keys(row)


def refresh(client_id: str, *, now: datetime) -> bool:
    """Fetch the key set of a client again and tell whether that worked; if not, the old one stays.

    For operators: no interval is kept. Call it outside of other changes: it ends the transaction,
    and the fetch may take seconds.

    Raises:
        NotFoundError: there is no such client.
    """
    client = lookup.fresh(client_id)
    if client.jwks_uri is None:
        return False
    return _claim(client, unless_after=None, now=now) and _fetch(client, now=now) is not None


def _may_fetch(client: Client, row: Any, *, now: datetime) -> bool:
    earliest = now - config.current().client_authentication.jwks_refetch
    # Looked at before it is asked for: a flood of tokens then only reads.
    if row is not None and row.attempted_at > earliest:
        return False
    return _claim(client, unless_after=earliest, now=now)


def _claim(client: Client, *, unless_after: datetime | None, now: datetime) -> bool:
    """Take the right to fetch, for all nodes, and end the transaction; tell whether we have it."""
    recent.of(_NOUN).change(client.client_id)
    values = {"client_id": client.client_id, "uri": client.jwks_uri, "attempted_at": now}
    statement = _claiming(db.engine.dialect.name, unless_after is None)
    if unless_after is not None:
        values["unless_after"] = unless_after
    try:
        claimed = db.session.execute(statement, values).scalar_one_or_none() is not None
    except IntegrityError:
        # The client was deleted a moment ago.
        db.session.rollback()
        return False
    release()
    return claimed


@cache
def _claiming(_: str, by_force: bool) -> Any:  # noqa: FBT001 - the key of a cache
    # Built once for each database. Another address is another set: nothing of the old one stays.
    statement = own_insert(_TABLE).values(
        client_id=bindparam("client_id"),
        uri=bindparam("uri"),
        attempted_at=bindparam("attempted_at"),
    )
    new = statement.excluded
    kept = {
        name: case((_T.uri == new.uri, _T[name]), else_=null()) for name in ("keys", "fetched_at")
    }
    free = None
    if not by_force:
        free = or_(_T.uri != new.uri, _T.attempted_at <= bindparam("unless_after"))
    return statement.on_conflict_do_update(
        index_elements=[_T.client_id],
        set_={"uri": new.uri, "attempted_at": new.attempted_at, **kept},
        where=free,
    ).returning(_T.client_id)


def _fetch(client: Client, *, now: datetime) -> Mapping[str, Any] | None:
    uri = client.jwks_uri or ""
    try:
        answer = outbound.fetch_json(uri, accept=_ACCEPT, max_bytes=public_jwk.MAX_BYTES)
        keys = public_keys.checked(answer, lenient=True)
    except (OutboundRefusedError, InvalidInputError) as error:
        reason = error.detail or error.public
        _log.warning("client.keys_unavailable", client_id=client.client_id, reason=reason)
        return None
    recent.of(_NOUN).change(client.client_id)
    whose = {"whose": client.client_id, "from_uri": uri, "asked_at": now}
    affected(_STORE, {**whose, "keys": keys, "fetched_at": now})
    release()
    return keys


def _awaited(client: Client, before: datetime | None, *, now: datetime) -> Any:
    """Return the row once another has fetched a set newer than ``before``.

    ``None`` if nobody is at it, or not in time.
    """
    row = _current(client)
    if row is None or row.fetched_at not in {None, before}:
        return row
    is_fetching = row.fetched_at is None or row.fetched_at < row.attempted_at
    given_up = now - config.current().outbound.timeout
    if not is_fetching or row.attempted_at < given_up or not _waiting.acquire(blocking=False):
        return None
    try:
        release()
        until = monotonic() + _PATIENCE
        while row is not None and row.fetched_at in {None, before}:
            if monotonic() > until:
                return None
            sleep(_PAUSE)
            row = _current(client)
        return row
    finally:
        _waiting.release()


def _recent(client: Client) -> Any:
    """Return the row, at most 0.9 seconds old, or ``None``."""
    cached: recent.Recent[Any] = recent.of(_NOUN)
    return _of_this_address(client, cached.get(client.client_id, _read))


def _current(client: Client) -> Any:
    return _of_this_address(client, _read(client.client_id))


def _of_this_address(client: Client, row: Any) -> Any:
    return row if row is not None and row.uri == client.jwks_uri else None


def _read(client_id: str) -> Any:
    return _READ.first({"client_id": client_id})


def _age(row: Any, now: datetime) -> timedelta:
    if row is None or row.fetched_at is None:
        return timedelta.max
    age: timedelta = now - row.fetched_at
    return age


def _keys(row: Any) -> Mapping[str, Any]:
    keys: Mapping[str, Any] = row.key_set
    return keys
