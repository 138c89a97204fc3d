"""Counters of failures: each one beyond the free ones costs a wait that doubles, up to a cap.

Specs:
    ASVS 5.0 6.1.1, 6.3.1       guessing is slowed down, and how that locks nobody out
    NIST SP 800-63B 3.2.2       rate limiting

Only an attempt that was really evaluated counts. One that is refused because of the wait writes
nothing and prolongs nothing: whoever keeps knocking does not keep the door shut.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property, lru_cache
from math import ceil
from typing import Any

from sqlalchemy import bindparam, case, delete, select

from app.core import root_key
from app.core.db import Instant, affected, db, insert_in, table_of
from app.core.errors import SignetError
from app.core.reading import Query
from app.core.secrets import encode
from app.core.statements import Statement
from app.models.throttle import ThrottleCounter

_FIRST_DELAY = timedelta(seconds=1)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_T = table_of(ThrottleCounter).c
# Statements are built once: building one costs more than running it.
_FAILURES = select(_T.failures).where(
    _T.key == bindparam("key"), _T.expires_at > bindparam("now", type_=Instant())
)


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


@dataclass(frozen=True)
class Counted:
    """One counter: what failed, and whose failures those are."""

    limit: Limit
    subject: str = field(repr=False)

    @cached_property
    def key(self) -> str:
        """Return its key in the table.

        A MAC, because the subject is an address, or what somebody typed: neither may be read from there.
        """
        message = f"{self.limit.name}\0{self.subject}".encode("utf-8", "surrogatepass")
        return encode(root_key.current().mac("throttle", message))


def check(counted: Collection[Counted], *, now: datetime) -> None:
    """Let an attempt pass, or not: one look at all that it is counted by. Reads only.

    Raises:
        ThrottledError: it must wait, for as long as the slowest of the counters says.
    """
    names = {each.key: each.limit.name for each in counted}
    slowest = _slowest(len(names)).first(_numbered(names))
    if slowest is not None and slowest.blocked_until > now:
        wait = max(1, ceil((slowest.blocked_until - now).total_seconds()))
        raise ThrottledError(retry_after=wait, detail=f"limit {names[slowest.key]}")


def fail(counted: Counted, *, now: datetime) -> datetime:
    """Count one failure in one statement; return until when to wait (``now``: not at all)."""
    limit = counted.limit
    values = {
        "key": counted.key,
        "failures": 1,
        "last_at": now,
        "blocked_until": _until(now, limit.delay(1)),
        "expires_at": now + limit.memory,
        "capped": now + limit.cap,
    }
    values |= {_wait(upper): _until(now, delay) for upper, delay in limit.steps()}
    statement = _count(limit, db.engine.dialect.name)
    until: datetime = db.session.execute(statement, values).scalar_one()
    return max(now, until)


def is_spent(counted: Counted, *, now: datetime) -> bool:
    """Tell whether the free failures of ``counted`` are used up: a further one costs a wait."""
    values = {"key": counted.key, "now": now}
    return (db.session.execute(_FAILURES, values).scalar_one_or_none() or 0) >= counted.limit.free


def clear(counted: Collection[Counted]) -> None:
    """Forget the failures that ``counted`` names."""
    keys = [each.key for each in counted]
    _forget(len(keys)).run(_numbered(keys))


def purge(now: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` counters whose last failure is forgotten; return how many."""
    doomed = (
        select(_T.key).where(_T.expires_at <= now).limit(batch).with_for_update(skip_locked=True)
    )
    return affected(delete(table_of(ThrottleCounter)).where(_T.key.in_(doomed)))


@cache
def _slowest(count: int) -> Query:
    among = select(_T.key, _T.blocked_until).where(_T.key.in_(_numbers(count)))
    return Query(among.order_by(_T.blocked_until.desc()).limit(1))


@cache
def _forget(count: int) -> Statement:
    return Statement(delete(table_of(ThrottleCounter)).where(_T.key.in_(_numbers(count))))


@lru_cache(maxsize=32)
def _count(limit: Limit, dialect: str) -> Any:
    row = insert_in(dialect, table_of(ThrottleCounter))
    counted = case((_T.expires_at <= row.excluded.last_at, 1), else_=_T.failures + 1)
    waits = ((counted <= upper, _instant(_wait(upper))) for upper, _ in limit.steps())
    return row.on_conflict_do_update(
        index_elements=[_T.key],
        set_={
            "failures": counted,
            "last_at": row.excluded.last_at,
            "blocked_until": case(*waits, else_=_instant("capped")),
            "expires_at": row.excluded.expires_at,
        },
    ).returning(_T.blocked_until)


def _instant(name: str) -> Any:
    return bindparam(name, type_=Instant())


def _until(now: datetime, delay: timedelta) -> datetime:
    # Not ``now`` where nothing is to be waited for: an attempt that began a moment earlier would wait for it.
    return now + delay if delay else _LONG_AGO


def _wait(upper: int) -> str:
    return f"until_{upper}"


def _numbers(count: int) -> list[Any]:
    return [bindparam(f"key_{index}") for index in range(count)]


def _numbered(keys: Collection[str]) -> dict[str, str]:
    return {f"key_{index}": key for index, key in enumerate(keys)}
