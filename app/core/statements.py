"""Statements of the request's own transaction, compiled once.

A session looks a statement up, prepares it and wraps its result anew each time, which costs three times what running
it does, and the engine as much again. What every sign-in changes goes past both: on the driver's connection that the
session has, in its transaction. Whoever listens to statements hears of it, and an error is told as the engine tells it.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Engine, Insert, Update, event
from sqlalchemy.orm import Session, SessionTransaction

from app.core.db import db
from app.core.direct import Prepared

_KEY = "signet.connection"


class Statement:
    """An INSERT, UPDATE or DELETE, to be run often. Its parameters are named; a list among them is not supported."""

    def __init__(self, statement: Insert | Update | Delete) -> None:
        self._statement = statement
        self._prepared: WeakKeyDictionary[Engine, Prepared] = WeakKeyDictionary()

    def run(self, values: Mapping[str, Any]) -> int:
        """Run it in the transaction of the request; return how many rows it changed.

        Raises:
            SQLAlchemyError: the database cannot write.
        """
        engine = db.engine
        prepared = self._prepared.get(engine)
        if prepared is None:
            prepared = self._prepared[engine] = Prepared(self._statement, engine)
        connection = _connection()
        raw: Any = connection.connection.dbapi_connection
        told = prepared.asked(values)
        try:
            # On SQLite the transaction that writes begins here.
            for notice in connection.dispatch.before_cursor_execute:
                notice(connection, None, prepared.text, told, None, executemany=False)
            count: int = raw.execute(prepared.text, told).rowcount
        except prepared.error as error:
            dialect: Any = engine.dialect
            if dialect.is_disconnect(error, raw, None):
                connection.invalidate(error)
            raise prepared.explained(error) from error
        return count


def _connection() -> Connection:
    """Return the connection of the transaction that the session has, or begins now."""
    # Asking the session costs as much as the statement: once for each transaction is enough.
    session = db.session()
    known: Connection | None = session.info.get(_KEY)
    if known is None:
        known = session.info[_KEY] = session.connection()
    return known


def _forget(session: Session, _ended: SessionTransaction) -> None:
    session.info.pop(_KEY, None)


event.listen(db.session, "after_transaction_end", _forget)
