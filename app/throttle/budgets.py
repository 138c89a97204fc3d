"""Budgets: so much in a span of time and no more, for work that needs no proof of who asks for it.

Specs:
    ASVS 5.0 2.4.1              against excessive calls
    RFC 6585 section 4          429, and when to come back

Unlike a counter of failures it counts what succeeds as well, and costs no growing wait. The span
begins with the first use.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import ceil
from typing import Any

from sqlalchemy import bindparam, case

from app.core import root_key
from app.core.db import db, insert_in, table_of
from app.core.secrets import encode
from app.models.throttle import ThrottleCounter
from app.throttle.counters import ThrottledError

_T = table_of(ThrottleCounter).c


@dataclass(frozen=True)
class Budget:
    """``allowed`` uses within ``window``."""

    name: str
    allowed: int
    window: timedelta


def spend(budget: Budget, subject: str, *, now: datetime) -> None:
    """Take one use of what ``subject`` may have, in one statement.

    Raises:
        ThrottledError: all of it is spent, until the window ends.
    """
    values = {
        "key": _key(budget, subject),
        "failures": 1,
        "last_at": now,
        "blocked_until": now,
        "expires_at": now + budget.window,
        "allowed": budget.allowed,
    }
    spent, until = db.session.execute(_spend(db.engine.dialect.name), values).one()
    if spent > budget.allowed:
        wait = max(1, ceil((until - now).total_seconds()))
        raise ThrottledError(retry_after=wait, detail=f"budget {budget.name}")


@cache
def _spend(dialect: str) -> Any:
    # Built once: building it costs more than running it.
    row = insert_in(dialect, table_of(ThrottleCounter))
    is_over = _T.expires_at <= row.excluded.last_at
    # Counted no further than needed: the column is an integer, and a flood has no end.
    is_spent = _T.failures > bindparam("allowed")
    return row.on_conflict_do_update(
        index_elements=[_T.key],
        set_={
            "failures": case((is_over, 1), (is_spent, _T.failures), else_=_T.failures + 1),
            "last_at": row.excluded.last_at,
            "expires_at": case((is_over, row.excluded.expires_at), else_=_T.expires_at),
        },
    ).returning(_T.failures, _T.expires_at)


def _key(budget: Budget, subject: str) -> str:
    # A MAC, because the subject is mostly an address. Its purpose keeps budgets and failures apart.
    message = f"{budget.name}\0{subject}".encode("utf-8", "surrogatepass")
    return encode(root_key.current().mac("budget", message))
