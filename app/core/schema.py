"""The schema of the database: what it is, what it should be, and how it gets there.

Asking whether it is current reads one row and the heads of the migration files. Alembic is imported
only to change something or to compare.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from app.core import locks, resources
from app.core.db import Base
from app.core.errors import ConfigurationError

_REVISION = re.compile(
    r"^(revision|down_revision)\b[^=\n]*=\s*(?:None|[\"']([^\"']+)[\"'])", re.MULTILINE
)


def is_current(engine: Engine) -> bool:
    """Tell whether the database has exactly the schema of this version."""
    return installed_revision(engine) == head()


def installed_revision(engine: Engine) -> str | None:
    """Return the revision of the database, or ``None`` before its first migration."""
    with engine.connect() as connection:
        return _installed(connection)


@cache
def head() -> str:
    """Return the revision that this version needs.

    Raises:
        ConfigurationError: the migrations do not form one line; the installation is damaged.
    """
    ancestors = _revisions()
    heads = ancestors.keys() - set(ancestors.values())
    if len(heads) != 1:
        raise ConfigurationError(
            "The migrations of this installation are damaged.", detail=f"heads: {sorted(heads)}"
        )
    return heads.pop()


def upgrade(engine: Engine) -> None:
    """Bring the database to the schema of this version, all or nothing, one process at a time.

    Raises:
        ConfigurationError: the database is newer than this version of Signet.
    """
    # The lock comes before the first connection: on SQLite that one makes the file.
    with locks.exclusive(engine, "schema"), engine.begin() as connection:
        installed = _installed(connection)
        if installed == head():
            return
        if installed is not None and installed not in _revisions():
            raise ConfigurationError(
                f"The database is newer than this version of Signet (its schema is {installed}, "
                f"the latest known here is {head()})."
            )
        _prepare(connection)
        _run(connection)


def check(engine: Engine) -> list[str]:
    """Return how the database differs from the tables known to this process, one line each.

    The caller has imported ``app.models``; a table that is not known counts as one too many.
    """
    # Imported here: it costs a tenth of a second, and only this command needs it.
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return sorted(_described(compare_metadata(context, Base.metadata)))


def _prepare(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # Imported here: SQLite does without the driver.
        from app.core import postgresql_connections

        # A migration of large tables may take longer than any request may.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        # The connection does not return to the pool, where every wait has an end.
        connection.detach()
        postgresql_connections.unbind(connection.connection.dbapi_connection)
        return
    # SQLite changes a table by making it anew, and dropping the old one would delete what refers to
    # its rows. The connection does not return to the pool, so no other work runs in this state.
    connection.detach()
    connection.execute(text("PRAGMA foreign_keys = OFF"))


def _run(connection: Connection) -> None:
    # Imported here: a start with a current database does without it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    # A percent sign in a path is not the beginning of a reference.
    folder = str(resources.directory("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            tables = sorted({str(row[0]) for row in broken})
            raise RuntimeError(f"the migration broke references in {', '.join(tables)}")


def _installed(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


@cache
def _revisions() -> dict[str, str | None]:
    """Return every revision and the one before it, as the migration files say."""
    found = {}
    for path in sorted((resources.directory("migrations") / "versions").glob("*.py")):
        said = dict(_REVISION.findall(path.read_text("utf-8")))
        found[said["revision"]] = said["down_revision"] or None
    return found


def _described(differences: Iterable[Any]) -> list[str]:
    lines = []
    for difference in differences:
        # Changes of one column come as a list of them.
        if isinstance(difference, list):
            lines += _described(difference)
            continue
        words = str(difference[0]).replace("_", " ")
        about = ", ".join(_named(each) for each in difference[1:] if each is not None)
        lines.append(f"{words}: {about}")
    return lines


def _named(part: Any) -> str:
    name = getattr(part, "name", None)
    table = getattr(getattr(part, "table", None), "name", None)
    if name is None:
        return str(part)
    return f"{table}.{name}" if table else str(name)
