"""Changing one row without a session, where that is all that a request writes.

A change is a transaction of its own, durable when it returns. So it comes last: whatever could fail after it
would leave it in force, while a failure takes back what a session wrote.

On SQLite those that wait at the same time are made in one transaction, which none of them notices.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from app.core import config
from app.core.db import affected
from app.core.direct import SMALL_CACHE, Direct, Lane, Prepared
from app.core.group_commit import Line, Waiting

_lines: WeakKeyDictionary[Engine, Line] = WeakKeyDictionary()


class Change(Direct):
    """An UPDATE whose row count is a lock."""

    lane = Lane({"sqlite": (SMALL_CACHE,), "postgresql": ()})

    def affected(self, values: Mapping[str, Any]) -> int:
        """Return how many rows were changed.

        Raises:
            SQLAlchemyError: the database cannot write.
        """
        count: int = self._run(values)
        return count

    def _in_session(self, values: Mapping[str, Any]) -> Any:
        return affected(self._statement, values)

    def _prepare(self, engine: Engine) -> Prepared:
        prepared = super()._prepare(engine)
        if prepared.is_sqlite:
            prepared.line = _lines.get(engine) or _lines.setdefault(engine, _line())
        return prepared

    def _beside(self, engine: Engine, prepared: Prepared, values: Mapping[str, Any]) -> Any:
        line = prepared.line
        if line is None:
            return super()._beside(engine, prepared, values)
        mine = Waiting(prepared.text, prepared.asked(values))
        try:
            if line.leads(mine):
                return super()._beside(engine, prepared, values)
        except prepared.error as error:
            raise prepared.explained(error) from error
        finally:
            line.leave(mine)
        return mine.count

    def on(self, connection: Any, prepared: Prepared, values: Mapping[str, Any]) -> Any:
        """Return how many rows were changed, durably; on SQLite the values are in the line already."""
        if prepared.line is not None:
            return prepared.line.write(connection)
        return connection.execute(prepared.text, prepared.asked(values)).rowcount


def _line() -> Line:
    return Line(config.current().database.busy_timeout.total_seconds())
