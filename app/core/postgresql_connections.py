"""Connections that give up on a PostgreSQL that says nothing any more.

``statement_timeout`` is kept by the server. One that hangs, or a network that swallows every packet, keeps
nothing: without a bound on this side a request would wait for ever, and soon every thread would.
"""

from datetime import timedelta
from typing import Any

import psycopg
from psycopg import OperationalError
from sqlalchemy import Engine, event

from app.core.turns import turns

# A look at a connection from the pool, before it is used: anything living answers at once.
_PING_SECONDS = 2.0
# The server's own bound comes first wherever there is a server.
_MARGIN_SECONDS = 2.0


class BoundedConnection(psycopg.Connection[Any]):
    """A connection of which no wait lasts longer than ``patience`` seconds; ``None`` is without end."""

    patience: float | None = None

    def wait(self, *arguments: Any, **options: Any) -> Any:
        """Wait for the server.

        Raises:
            OperationalError: it said nothing for too long; the connection is closed.
        """
        # Pings alone run outside a transaction: SQLAlchemy switches autocommit on for them.
        patience = _PING_SECONDS if self._autocommit and self.patience else self.patience
        options.setdefault("timeout", patience)
        try:
            with turns.waiting():
                return super().wait(*arguments, **options)
        except OperationalError as error:
            if error.sqlstate is None and not self.closed:
                # What it might still say would be taken for the answer to the next question.
                self.pgconn.finish()
            raise


def bound(engine: Engine, statement_timeout: timedelta) -> None:
    """Let ``engine`` make bounded connections."""
    patience = statement_timeout.total_seconds() + _MARGIN_SECONDS

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> BoundedConnection:
        connection = BoundedConnection.connect(*arguments, **options)
        connection.patience = patience
        return connection


def unbind(connection: Any) -> None:
    """Let the statements of a DBAPI ``connection`` take as long as they take."""
    connection.patience = None
