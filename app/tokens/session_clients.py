"""Which clients a session signed in to that want to hear when it ends.

Specs:
    OpenID Connect Back-Channel Logout 1.0 section 2.5    all clients of the session
    OpenID Connect Front-Channel Logout 1.0 section 3     those that take part

Grants cannot tell: that of a client without offline access is purged long before the session ends.
"""

from datetime import datetime
from functools import cache

from sqlalchemy import bindparam, select

from app.clients import state
from app.clients.registry import Client
from app.core.db import db, insert_in, table_of
from app.core.statements import Statement
from app.models.logout import SessionClient

_TABLE = table_of(SessionClient)
_T = _TABLE.c
_NOTED = ("session_id", "client_id", "user_id", "since")
_FRAMED = (
    select(_T.client_id)
    .where(_T.session_id == bindparam("session"), state.wants_front_channel(_T.client_id))
    .order_by(_T.since, _T.client_id)
)


def note(session_id: str, client: Client, user_id: str, *, now: datetime) -> None:
    """Remember that ``user_id`` signed in to ``client`` in this session; once is enough."""
    values = {
        "session_id": session_id, "client_id": client.client_id, "user_id": user_id, "since": now,
    }  # fmt: skip
    _note(db.engine.dialect.name).run(values)


def front_channel(session_id: str) -> list[str]:
    """Return the clients of a session that are told through the browser, in the order of first sign-in.

    To be asked before the session ends.
    """
    return list(db.session.scalars(_FRAMED, {"session": session_id}))


@cache
def _note(dialect: str) -> Statement:
    # Built once for each database: building it costs more than running it.
    new = insert_in(dialect, _TABLE).values({name: bindparam(name) for name in _NOTED})
    return Statement(new.on_conflict_do_nothing())
