"""What is over is deleted: expired rows of every kind, in small batches, and the room they took is given back.

Specs:
    ASVS 5.0 14.2.7    data is kept as long as it is needed, and no longer

The size of the database follows the number of live sign-ins. A batch is small so that nobody waits long
for its locks; whoever calls commits after each one. After a batch as much time passes idle as it took: on
SQLite there is one writer, and whoever waits to write finds the way free at least half of the time.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic, sleep
from typing import TypeVar

from app.audit import events
from app.clients import initial_access_tokens, reaping
from app.core import config, space
from app.core.db import db
from app.identity import sessions
from app.jose import signing_keys
from app.throttle import counters, replay
from app.tokens import access_tokens, device_codes, grants, logout_deliveries, pushed_requests

BATCH = 100
PAGES = "pages"

_Step = TypeVar("_Step")


def purge(*, now: datetime, batch: int = BATCH) -> Iterator[tuple[str, int]]:
    """Delete what is over; yield the kind and the number of rows after each batch.

    The caller commits whenever it is given a batch, and may stop between two of them. The last kind are the
    pages of the database that were given back.
    """
    yield from _rested(_deleted(now, batch))
    for pages in _rested(space.give_back(db.engine)):
        yield PAGES, pages


def _deleted(now: datetime, batch: int) -> Iterator[tuple[str, int]]:
    # What was over at ``now`` is finite: no kind can keep the next one waiting for ever.
    for kind, delete in _sweeps(now, batch):
        while (count := delete()) == batch:
            yield kind, count
        yield kind, count
    # Keys are few and have no batches.
    yield "signing_keys", signing_keys.purge(now)


def _rested(steps: Iterator[_Step]) -> Iterator[_Step]:
    """Pass ``steps`` on, and rest after each for as long as it took, the caller's commit included."""
    began = monotonic()
    for step in steps:
        yield step
        sleep(monotonic() - began)
        began = monotonic()


def _sweeps(now: datetime, batch: int) -> tuple[tuple[str, Callable[[], int]], ...]:
    kept = config.current().retention
    oldest_event = now - kept.audit
    # A grant stays for a while after its end, so that a replay is told from a stranger's guess.
    oldest_grant = now - kept.ended
    return (
        ("grants", lambda: grants.purge(oldest_grant, batch=batch)),
        ("denied_tokens", lambda: access_tokens.purge(now, batch=batch)),
        ("sessions", lambda: sessions.purge(now, batch=batch)),
        ("pushed_requests", lambda: pushed_requests.purge(now, batch=batch)),
        ("device_authorizations", lambda: device_codes.purge(oldest_grant, batch=batch)),
        ("logout_deliveries", lambda: logout_deliveries.purge(oldest_grant, batch=batch)),
        ("single_uses", lambda: replay.purge(now, batch=batch)),
        ("initial_access_tokens", lambda: initial_access_tokens.purge(oldest_grant, batch=batch)),
        ("unused_clients", lambda: reaping.purge(now, batch=batch)),
        ("throttle_counters", lambda: counters.purge(now, batch=batch)),
        ("audit_events", lambda: events.purge(oldest_event, batch=batch)),
    )
