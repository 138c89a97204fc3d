"""Statements of the request's own transaction, compiled once.

A session looks a statement up, prepares it and wraps its result anew each time, which costs three times what running
it does. What every sign-in changes goes past that: on the connection of the session, in its transaction, with all that
the engine notices of a statement and of an error.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Delete, Engine, Insert, Update

from app.core.db import db
from app.core.direct import Prepared


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
        asked = prepared.asked(values)
        # A list would be read as the values of many rows.
        told = asked if isinstance(asked, dict) else tuple(asked)
        result = db.session.connection().exec_driver_sql(prepared.text, told)
        count: int = result.rowcount
        return count
