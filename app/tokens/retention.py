"""What is over is deleted: expired rows of every kind, in small batches.

Specs:
    ASVS 5.0 14.2.7    data is kept as long as it is needed, and no longer

The size of the database follows the number of live sign-ins. A batch is small so that nobody waits long
for its locks; whoever calls commits after each one.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from app.audit import events
from app.core import config
from app.identity import sessions
from app.jose import signing_keys
from app.throttle import counters
from app.tokens import access_tokens, grants

BATCH = 500
# A sweep that finds more than this leaves the rest to the next one, so that no kind starves another.
_MAX_BATCHES = 2000


def purge(*, now: datetime, batch: int = BATCH) -> Iterator[tuple[str, int]]:
    """Delete what is over; yield the kind and the number of rows after each batch.

    The caller commits whenever it is given a batch, and may stop between two of them.
    """
    for kind, delete in _sweeps(now, batch):
        for _ in range(_MAX_BATCHES):
            count = delete()
            yield kind, count
            if count < batch:
                break
    # Keys are few and have no batches.
    yield "signing_keys", signing_keys.purge(now)


def _sweeps(now: datetime, batch: int) -> tuple[tuple[str, Callable[[], int]], ...]:
    kept = config.current().retention
    oldest_event = now - kept.audit
    # A grant stays for a while after its end, so that a replay is told from a stranger's guess.
    oldest_grant = now - kept.ended
    return (
        ("grants", lambda: grants.purge(oldest_grant, batch=batch)),
        ("denied_tokens", lambda: access_tokens.purge(now, batch=batch)),
        ("sessions", lambda: sessions.purge(now, batch=batch)),
        ("throttle_counters", lambda: counters.purge(now, batch=batch)),
        ("audit_events", lambda: events.purge(oldest_event, batch=batch)),
    )
