"""Values that count once: the first use is remembered, any other is told apart.

Specs:
    RFC 7519 section 4.1.7      a jti prevents a token from being replayed
    RFC 7523 section 3          the assertions of clients
    RFC 9126 section 7.3        requests as well
    ASVS 5.0 2.3.4, 15.4.2      of many at once, one wins

A value is remembered until whatever it belongs to is refused for its age anyway. So it must be
looked up last: a value that was remembered before its signature was checked could be used up by
anybody.
"""

from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select

from app.core.db import affected, db, insert_in, table_of
from app.core.secrets import encode
from app.models.throttle import SingleUse

_T = table_of(SingleUse).c


def first_use(purpose: str, *parts: str, until: datetime) -> bool:
    """Remember ``parts`` until ``until``; tell whether they were new. One statement.

    Of many transactions at once exactly one is told so, and the others wait for its outcome.
    """
    values = {"key": _key(purpose, parts), "expires_at": until}
    statement = _remember(db.engine.dialect.name)
    return db.session.execute(statement, values).scalar_one_or_none() is not None


def purge(now: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` values that need no remembering any more; return how many."""
    doomed = (
        select(_T.key).where(_T.expires_at <= now).limit(batch).with_for_update(skip_locked=True)
    )
    return affected(delete(table_of(SingleUse)).where(_T.key.in_(doomed)))


@cache
def _remember(dialect: str) -> Any:
    # Built once: building it costs more than running it.
    return insert_in(dialect, table_of(SingleUse)).on_conflict_do_nothing().returning(_T.key)


def _key(purpose: str, parts: tuple[str, ...]) -> str:
    # Each with its length, so that no text can reach into its neighbour.
    message = [part.encode("utf-8", "surrogatepass") for part in (purpose, *parts)]
    return encode(sha256(b"".join(b"%d\0%b" % (len(each), each) for each in message)).digest())
