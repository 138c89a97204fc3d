"""The outbox of logout tokens: written with the end of a session, sent afterwards, at least once.

Specs:
    OpenID Connect Back-Channel Logout 1.0 sections 2.5, 2.7, 2.8    whom to tell, and what they answer
    ASVS 5.0 2.3.3, 15.4.2    written with what it tells of, or not at all; of many senders one takes it

``due_at`` is also the lease: whoever takes a delivery moves it into the future, and if they die with it, it
comes due again. What is settled has none and stays for a while, so that operators see how it went.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from app.clients import state
from app.core import config, wake
from app.core.db import Instant, affected, db, own_insert, table_of
from app.core.reading import Query
from app.models.logout import LogoutDelivery, SessionClient

# What rings when there is something to send.
BELL = "logout_deliveries"
DUE = "due"
# A statement takes so many values at once.
_MOST_SESSIONS = 1000

_TABLE = table_of(LogoutDelivery)
_T = _TABLE.c


class Outcome(StrEnum):
    """How a delivery ended. The value is its name in the table."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    NOT_WANTED = "not_wanted"


@dataclass(frozen=True)
class Delivery:
    """One client to be told of the end of one session."""

    session_id: str
    client_id: str
    user_id: str
    created_at: datetime
    due_at: datetime | None
    attempts: int
    settled_at: datetime | None
    outcome: str | None
    status: int | None


_COLUMNS = tuple(_T[name] for name in Delivery.__dataclass_fields__)
_IS_DUE = Query(select(exists().where(_T.due_at <= bindparam("now", type_=Instant()))))
_THIS = (_T.session_id == bindparam("session"), _T.client_id == bindparam("client"))
_MINE = (*_THIS, _T.due_at == bindparam("lease", type_=Instant()))
_SETTLED: dict[str, Any] = {
    "due_at": None, "settled_at": bindparam("now"), "outcome": bindparam("how"),
    "status": bindparam("answer"),
}  # fmt: skip
# That it arrived counts, whoever has taken it over meanwhile; that it did not is for them to find out.
_ARRIVED = update(_TABLE).where(*_THIS, _T.settled_at.is_(None)).values(_SETTLED)
_FAILED = update(_TABLE).where(*_MINE).values(_SETTLED)
_POSTPONE = (
    update(_TABLE).where(*_MINE).values(due_at=bindparam("until"), status=bindparam("answer"))
)


def enqueue(session_ids: Sequence[str], *, now: datetime) -> int:
    """Add a delivery for each client of these sessions that wants one; return how many.

    It belongs into the transaction that ends them, behind the end itself: a sign-in at the same instant either
    finds the session over or is found here. Sending begins when that is committed.
    """
    if not config.current().logout.back_channel:
        return 0
    added = 0
    for first in range(0, len(session_ids), _MOST_SESSIONS):
        chosen = list(session_ids[first : first + _MOST_SESSIONS])
        added += affected(_enqueue(db.engine.dialect.name), {"sessions": chosen, "now": now})
    if added:
        wake.ring_after_commit(BELL)
    return added


def is_due(*, now: datetime) -> bool:
    """Tell whether anything waits to be sent. It takes no lock, so it may be asked often."""
    return bool(_IS_DUE.first({"now": now})[0])


def claim(*, limit: int, lease: timedelta, now: datetime) -> list[Delivery]:
    """Take up to ``limit`` deliveries that are due, for as long as ``lease``; the caller commits at once.

    Of many who ask at one instant each gets others.
    """
    values = {"now": now, "most": limit, "over": now + lease}
    rows = db.session.execute(_claim(db.engine.dialect.name), values)
    return [Delivery(*row) for row in rows]


def settle(delivery: Delivery, outcome: Outcome, status: int | None, *, now: datetime) -> bool:
    """Write down how a delivery ended; tell whether it was for us to say."""
    statement = _ARRIVED if outcome is Outcome.DELIVERED else _FAILED
    values = {"now": now, "how": outcome.value, "answer": status}
    name = _name(delivery, leased=statement is _FAILED)
    return affected(statement, {**name, **values}) == 1


def postpone(delivery: Delivery, *, until: datetime, status: int | None, now: datetime) -> None:
    """Have a delivery tried again at ``until``, which lies behind ``now``."""
    if until <= now:
        raise ValueError("a delivery is postponed into the future")
    affected(_POSTPONE, {**_name(delivery, leased=True), "until": until, "answer": status})


def page(*, after: tuple[str, str] | None, limit: int) -> list[Delivery]:
    """Return at most ``limit`` deliveries, from the one behind session and client ``after`` on."""
    query = select(*_COLUMNS).order_by(_T.session_id, _T.client_id).limit(limit)
    if after is not None:
        session_id, client_id = after
        beside = and_(_T.session_id == session_id, _T.client_id > client_id)
        query = query.where(_T.session_id >= session_id, or_(_T.session_id > session_id, beside))
    return [Delivery(*row) for row in db.session.execute(query)]


def figures() -> Mapping[str, int]:
    """Return how many deliveries there are by outcome; ``due`` are those that are not settled."""
    query = select(_T.outcome, func.count()).group_by(_T.outcome)
    counts = {outcome or DUE: count for outcome, count in db.session.execute(query)}
    return {name: counts.get(name, 0) for name in (DUE, *(each.value for each in Outcome))}


def purge(ended_before: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` deliveries that were settled before ``ended_before``; return how many.

    Where nobody is told any more, what was left unsent for as long goes too.
    """
    removed = _purge(_T.settled_at < ended_before, batch)
    if not config.current().logout.back_channel:
        removed += _purge(_T.due_at < ended_before, batch - removed)
    return removed


def _purge(is_over: ColumnElement[bool], batch: int) -> int:
    doomed = select(_T.session_id, _T.client_id).where(is_over).limit(batch)
    chosen = doomed.with_for_update(skip_locked=True)
    return affected(delete(_TABLE).where(tuple_(_T.session_id, _T.client_id).in_(chosen)))


def _name(delivery: Delivery, *, leased: bool) -> dict[str, Any]:
    name: dict[str, Any] = {"session": delivery.session_id, "client": delivery.client_id}
    return {**name, "lease": delivery.due_at} if leased else name


@cache
def _enqueue(_dialect: str) -> Any:
    of = table_of(SessionClient).c
    now = bindparam("now", type_=Instant())
    wanted = select(of.session_id, of.client_id, of.user_id, now, now, literal(0)).where(
        of.session_id.in_(bindparam("sessions", expanding=True)),
        state.wants_back_channel(of.client_id),
    )
    names = ["session_id", "client_id", "user_id", "created_at", "due_at", "attempts"]
    adding = own_insert(_TABLE).from_select(names, wanted, include_defaults=False)
    return adding.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def _claim(dialect: str) -> Any:
    due: Any = (
        select(_T.session_id, _T.client_id)
        .where(_T.due_at <= bindparam("now", type_=Instant()))
        .order_by(_T.due_at)
        .limit(bindparam("most"))
    )
    if dialect != "sqlite":
        # The planner may run a plain sub-select more than once and lock more than was asked for. SQLite knows
        # neither these locks nor needs them: the UPDATE itself waits for its turn to write, and must come first.
        due = select(due.with_for_update(skip_locked=True).cte("due"))
    return (
        update(_TABLE)
        .where(tuple_(_T.session_id, _T.client_id).in_(due))
        .values(due_at=bindparam("over"), attempts=_T.attempts + 1)
        .returning(*_COLUMNS)
    )
