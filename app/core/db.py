"""The database: one engine per process, the same promises on SQLite and PostgreSQL.

Both behave as READ COMMITTED: a statement sees what is committed when it starts, and a conditional UPDATE is
the lock. On SQLite reads run outside any transaction and the first write opens ``BEGIN IMMEDIATE``, so a
transaction never starts as a reader and fails when it turns writer; ``synchronous=FULL`` makes every commit
durable before it is answered.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from sqlite3 import OperationalError
from time import monotonic, sleep
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Dialect, Engine, MetaData, Table, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from app.core import locks, sqlite_log, sqlite_writers
from app.core.config import Settings
from app.core.errors import ConfigurationError
from app.core.turns import breathe

_MICROSECOND = 1_000_000
_WAL_RETRY_SECONDS = 0.02
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP")


class Base(DeclarativeBase):
    """The base of all tables; constraint names are fixed so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON}  # noqa: RUF012 - SQLAlchemy reads it so


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: ``timestamptz`` on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an instant into what the column holds."""
        if value is None or dialect.name != "sqlite":
            return value
        return round(value.timestamp() * _MICROSECOND)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the column holds into an instant."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromtimestamp(value / _MICROSECOND, UTC)
        instant: datetime = value
        return instant.astimezone(UTC)


# Flask-SQLAlchemy gives session and engines; the tables derive from the plain base above.
db = SQLAlchemy(metadata=Base.metadata)


def init(app: Flask, settings: Settings) -> None:
    """Bind the database of ``settings`` to ``app``.

    Raises:
        ConfigurationError: the URL names neither SQLite nor PostgreSQL through psycopg.
    """
    try:
        url = make_url(settings.database.url)
    except ArgumentError:
        raise ConfigurationError("SIGNET_DATABASE_URL is not a database URL") from None
    if url.get_backend_name() == "sqlite":
        if url.database and url.database != ":memory:":
            # Flask-SQLAlchemy would look in its instance folder; a relative path means the working folder.
            url = url.set(database=str(Path(url.database).resolve()))
        options = _sqlite_options(settings, url)
    elif url.drivername == "postgresql+psycopg":
        options = _postgresql_options(settings)
    else:
        raise ConfigurationError(
            "SIGNET_DATABASE_URL must begin with sqlite:/// or postgresql+psycopg://"
        )
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine, settings)
        else:
            # Imported here: SQLite does without the driver.
            from app.core import postgresql_connections

            postgresql_connections.bound(db.engine, settings.database.statement_timeout)


def _sqlite_options(settings: Settings, url: URL) -> dict[str, Any]:
    seconds = settings.database.busy_timeout.total_seconds()
    queue = None
    if url.database and url.database != ":memory:":
        database = Path(url.database)
        file = locks.beside(database, "writers")
        queue = sqlite_writers.Queue(file, patience=seconds, database=database)
    return {
        "hide_parameters": True,
        "pool_size": settings.database.pool_size,
        "max_overflow": 0,
        # Whichever was used last: what it remembers of the file is of use again.
        "pool_use_lifo": True,
        "pool_timeout": seconds,
        "connect_args": {
            "timeout": seconds,
            "isolation_level": None,
            "check_same_thread": False,
            "factory": sqlite_writers.connection_factory(queue),
        },
    }


def _postgresql_options(settings: Settings) -> dict[str, Any]:
    milliseconds = int(settings.database.statement_timeout.total_seconds() * 1000)
    lock = int(settings.database.busy_timeout.total_seconds() * 1000)
    return {
        # An error that is logged must not quote what a person typed.
        "hide_parameters": True,
        "pool_size": settings.database.pool_size,
        "max_overflow": 0,
        "pool_use_lifo": True,
        "pool_timeout": settings.database.busy_timeout.total_seconds(),
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "connect_args": {
            "connect_timeout": max(2, int(settings.database.busy_timeout.total_seconds())),
            "application_name": "signet",
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={lock} -c timezone=UTC",
        },
    }


def _prepare_sqlite(engine: Engine, settings: Settings) -> None:
    busy = int(settings.database.busy_timeout.total_seconds() * 1000)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy}")
        if not cursor.execute("PRAGMA page_count").fetchone()[0]:
            # Decides how a new file is laid out; later it would only wait for whoever writes.
            cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
        _use_wal(cursor, settings.database.busy_timeout.total_seconds())
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint={sqlite_log.LONGEST}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-16384")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    @event.listens_for(engine, "before_cursor_execute")
    def _write_begins(
        connection: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: Any
    ) -> None:
        # PostgreSQL lets others go first by itself, as each of its statements waits.
        breathe()
        raw = connection.connection.dbapi_connection
        if not raw.in_transaction and statement.lstrip()[:7].upper().startswith(_WRITES):
            raw.begin_writing()


def _use_wal(cursor: Any, patience: float) -> None:
    """Switch the file to WAL; SQLite does not wait by itself when others switch at the same moment."""
    give_up_at = monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except OperationalError:
            if monotonic() >= give_up_at:
                raise
            sleep(_WAL_RETRY_SECONDS)
        else:
            return


def is_unavailable(error: BaseException) -> bool:
    """Tell whether ``error`` means that the database cannot serve us now: down, locked, full or too slow."""
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError

    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    # Both drivers call what lies in the database's circumstances an OperationalError; a primary that has
    # become a standby is, to psycopg, an internal error.
    kinds = {kind.__name__ for kind in type(error.orig).__mro__}
    return not kinds.isdisjoint({"OperationalError", "InterfaceError", "ReadOnlySqlTransaction"})


def table_of(model: type[Base]) -> Table:
    """Return the plain table behind ``model``: statements on it skip the ORM, which the token path cannot afford."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is not mapped to a table")
    return table


def own_insert(table: Any) -> Any:
    """Return an INSERT in the words of the database in use, which may say what becomes of a row with the same key."""
    return insert_in(db.engine.dialect.name, table)


def insert_in(dialect: str, table: Any) -> Any:
    """Return an INSERT in the words of ``dialect``."""
    # The one in use is loaded; the other would cost time and memory at each start.
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def insert_ignore(table: type[Base]) -> Any:
    """Return an INSERT that leaves a row with the same key as it is."""
    return own_insert(table).on_conflict_do_nothing()


def release() -> None:
    """Give the connection back while we wait for somebody else; what was written before, if anything, is complete.

    What was read before may have changed when the wait is over.
    """
    if db.session.registry.has():
        db.session.commit()


def affected(statement: Any, values: Mapping[str, Any] | None = None) -> int:
    """Run an UPDATE or DELETE and return how many rows it changed: the lock of every single-use rule."""
    result: Any = db.session.execute(statement, values)
    count: int = result.rowcount
    return count
