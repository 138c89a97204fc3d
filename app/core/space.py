"""The room that the database takes on disk, and giving back what is not needed any more.

SQLite keeps the pages of deleted rows for later ones. A database made with ``auto_vacuum=INCREMENTAL`` can part
with them a few at a time, while others read and write; one made without it learns to when it is compacted.
PostgreSQL uses the room again by itself (autovacuum), and gives back only what is free at the end of a table.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app.core.db import Base

_INCREMENTAL = 2
# One step writes at most this many pages, so it keeps other writers waiting no longer than one of them does.
_STEP = 256
# What stays free, for the rows that come next: a tenth of the pages in use, and never less than this.
_SPARE_SHARE = 10
_SPARE_LEAST = 256


def size(engine: Engine) -> int:
    """Return the bytes on disk: the file and its log, or the database on its server."""
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        beside = (path, path.with_name(f"{path.name}-wal"))
        return sum(each.stat().st_size for each in beside if each.is_file())
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def give_back(engine: Engine) -> Iterator[int]:
    """Give free pages back to the file system, a step at a time; yield the pages of each step.

    Between two steps others write; the caller may rest there, or stop. A tenth stays free. Where nothing can
    be given back, on PostgreSQL too, nothing is done.

    Raises:
        OperationalError: somebody else wrote for longer than we may wait.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
            return
        given = 0
        while (surplus := _surplus(connection)) > 0:
            pages = min(_STEP, surplus)
            _vacuum(connection, pages)
            given += pages
            yield pages
        if given:
            _shorten_log(connection)


def compact(engine: Engine) -> None:
    """Make the database as small as it can be; on SQLite nobody else can write meanwhile.

    A SQLite file is written anew beside itself, so it needs its size once more on disk, and gives back pages
    by itself from now on. PostgreSQL runs ``VACUUM ANALYZE``, which disturbs nobody.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # The connection does not return to the pool: its settings are those of this one act.
            connection.detach()
            # The copy may be larger than the memory.
            connection.exec_driver_sql("PRAGMA temp_store=FILE")
            connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
            connection.exec_driver_sql("VACUUM")
            _shorten_log(connection)
        return
    tables = ", ".join(sorted(Base.metadata.tables))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(f"VACUUM (ANALYZE) {tables}")


def _surplus(connection: Connection) -> int:
    free, pages = _pragma(connection, "freelist_count"), _pragma(connection, "page_count")
    return free - max(_SPARE_LEAST, (pages - free) // _SPARE_SHARE)


def _shorten_log(connection: Connection) -> None:
    # First what hinders nobody, so that little is left for the moment in which nobody may write.
    connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").all()
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _vacuum(connection: Connection, pages: int) -> None:
    statement = f"PRAGMA incremental_vacuum({pages})"
    raw: Any = connection.connection.dbapi_connection
    try:
        raw.begin_writing()
        try:
            # A script runs the statement to its end; a cursor would stop after the first page. It commits first, so
            # the statement is a transaction of its own, but the turn to write stays ours until the rollback.
            raw.executescript(statement)
        finally:
            raw.rollback()
    except sqlite3.Error as error:
        raise OperationalError(statement, None, error) from error
