"""Reading without a session, for what every request asks by primary key.

A query sees what is committed when it starts, as in a session, on a connection that can write nothing.
"""

from collections.abc import Mapping
from typing import Any

from app.core.db import db
from app.core.direct import SMALL_CACHE, Direct, Lane, Prepared


class Query(Direct):
    """A SELECT, to be asked often; ``first`` is all that is read of its answer."""

    lane = Lane(
        {
            "sqlite": ("PRAGMA query_only=ON", SMALL_CACHE),
            "postgresql": ("SET default_transaction_read_only = on",),
        }
    )

    def first(self, values: Mapping[str, Any]) -> Any:
        """Return the first row, its columns by name and by position, or ``None``.

        Raises:
            SQLAlchemyError: the database cannot answer.
        """
        return self._run(values)

    def _in_session(self, values: Mapping[str, Any]) -> Any:
        return db.session.execute(self._statement, values).first()

    def on(self, connection: Any, prepared: Prepared, values: Mapping[str, Any]) -> Any:
        """Return the first row, or ``None``."""
        # All rows, so that the statement is over: on SQLite an unfinished one holds on to its snapshot.
        rows = connection.execute(prepared.text, prepared.asked(values)).fetchall()
        return prepared.row(rows[0]) if rows else None
