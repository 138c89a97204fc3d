"""How migrations run: over a connection that the product hands in, or over Flask-Migrate's.

Nothing is read from a file here, and logging is left as the application has set it up.
"""

from alembic import context
from sqlalchemy import Connection

import app.models  # noqa: F401 - every table must be known
from app.core.db import Base, Instant


def rendered(kind: str, value: object, autogen: object) -> str | bool:
    """Write our own column type the way the migrations import it."""
    if kind == "type" and isinstance(value, Instant):
        autogen.imports.add("from app.core.db import Instant")  # type: ignore[attr-defined]
        return "Instant()"
    return False


def run(connection: Connection) -> None:
    """Run over ``connection``, all migrations in one transaction on both databases."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=rendered,
        # SQLite changes a table by making it anew.
        render_as_batch=connection.dialect.name == "sqlite",
        # SQLite can, although Alembic does not expect it.
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    from flask import current_app

    with current_app.extensions["migrate"].db.engine.connect() as own:
        run(own)
