"""Changing one row without a session, where that is all that a request writes.

A change is a transaction of its own, durable when it returns. So it comes last: whatever could fail after it
would leave it in force, while a failure takes back what a session wrote.
"""

from collections.abc import Mapping
from typing import Any

from app.core.db import affected
from app.core.direct import SMALL_CACHE, Direct, Lane, Prepared


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

    def on(self, connection: Any, prepared: Prepared, values: Mapping[str, Any]) -> Any:
        """Return how many rows were changed, durably."""
        asked = prepared.asked(values)
        if not prepared.is_sqlite:
            return connection.execute(prepared.text, asked).rowcount
        # In the queue of writers, like every transaction.
        connection.begin_writing()
        count = connection.execute(prepared.text, asked).rowcount
        connection.commit()
        return count
