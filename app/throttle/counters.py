"""Counters of failures: each one beyond the free ones costs a wait that doubles, up to a cap.

Specs:
    ASVS 5.0 6.1.1, 6.3.1       guessing is slowed down, and how that locks nobody out
    NIST SP 800-63B 3.2.2       rate limiting

Only an attempt that was really evaluated counts. One that is refused because of the wait writes
nothing and prolongs nothing: whoever keeps knocking does not keep the door shut.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Any

from sqlalchemy import case, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from app.core import root_key
from app.core.db import Instant, affected, db
from app.core.errors import SignetError
from app.core.secrets import encode
from app.models.throttle import ThrottleCounter

_FIRST_DELAY = timedelta(seconds=1)


@dataclass(frozen=True)
class Limit:
    """How one kind of failure is slowed down.

    ``free`` failures cost nothing; each further one costs a wait, one second first and then twice
    the last, up to ``cap``. Failures are forgotten ``memory`` after the last. ``name`` carries the
    factor: the failures of one factor never slow another down.
    """

    name: str
    free: int
    cap: timedelta
    memory: timedelta

    def steps(self) -> list[tuple[int, timedelta]]:
        """Return (highest number of failures, its wait) for every wait below the cap."""
        found = [(self.free, timedelta(0))]
        delay = _FIRST_DELAY
        while delay < self.cap:
            found.append((found[-1][0] + 1, delay))
            delay *= 2
        return found

    def delay(self, failures: int) -> timedelta:
        """Return the wait that follows so many failures."""
        return next((wait for upper, wait in self.steps() if failures <= upper), self.cap)


class ThrottledError(SignetError):
    """Too many failures lately; evaluated again after ``retry_after`` seconds (429)."""

    public = "Too many attempts. Please wait a moment and try again."

    def __init__(self, *, retry_after: int, detail: str | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail=detail)


def check(limit: Limit, subject: str, *, now: datetime) -> None:
    """Let an attempt pass, or not. Reads only.

    Raises:
        ThrottledError: ``subject`` must still wait.
    """
    query = select(ThrottleCounter.blocked_until).where(ThrottleCounter.key == _key(limit, subject))
    until = db.session.execute(query).scalar_one_or_none()
    if until is not None and until > now:
        wait = max(1, ceil((until - now).total_seconds()))
        raise ThrottledError(retry_after=wait, detail=f"limit {limit.name}")


def fail(limit: Limit, subject: str, *, now: datetime) -> datetime:
    """Count one failure in one statement; return until when to wait (``now``: not at all)."""
    table, at = ThrottleCounter, partial(literal, type_=Instant())
    row = {
        "key": _key(limit, subject),
        "failures": 1,
        "last_at": now,
        "blocked_until": now + limit.delay(1),
        "expires_at": now + limit.memory,
    }
    dialect: Any = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    counted = case((table.expires_at <= now, 1), else_=table.failures + 1)
    statement = dialect.insert(table).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=[table.key],
        set_={
            "failures": counted,
            "last_at": now,
            "blocked_until": case(
                *((counted <= upper, at(now + delay)) for upper, delay in limit.steps()),
                else_=at(now + limit.cap),
            ),
            "expires_at": now + limit.memory,
        },
    ).returning(table.blocked_until)
    until: datetime = db.session.execute(statement).scalar_one()
    return until


def is_spent(limit: Limit, subject: str, *, now: datetime) -> bool:
    """Tell whether the free failures of ``subject`` are used up: a further one costs a wait."""
    query = select(ThrottleCounter.failures).where(
        ThrottleCounter.key == _key(limit, subject), ThrottleCounter.expires_at > now
    )
    return (db.session.execute(query).scalar_one_or_none() or 0) >= limit.free


def clear(limit: Limit, subject: str) -> None:
    """Forget the failures of ``subject``."""
    db.session.execute(delete(ThrottleCounter).where(ThrottleCounter.key == _key(limit, subject)))


def purge(now: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` counters whose last failure is forgotten; return how many."""
    doomed = (
        select(ThrottleCounter.key)
        .where(ThrottleCounter.expires_at <= now)
        .limit(batch)
        .with_for_update(skip_locked=True)
    )
    return affected(delete(ThrottleCounter).where(ThrottleCounter.key.in_(doomed)))


def _key(limit: Limit, subject: str) -> str:
    # A MAC, because the subject is an address, or what somebody typed: neither may be read from the
    # table.
    message = f"{limit.name}\0{subject}".encode("utf-8", "surrogatepass")
    return encode(root_key.current().mac("throttle", message))
