"""The two databases, spoken to past the product: rows in bulk, sizes, and how long a writer keeps the others out."""

import contextlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

_MICROSECOND = 1_000_000
_CACHE_KIBIBYTES = 2_000_000
_PROBE_SECONDS = 0.001


class Database(Protocol):
    """What the rows and the purge need of a database; expressions are SQL over the number ``n``."""

    json: str

    def hexadecimal(self, number: str, width: int) -> str:
        """Return the expression for ``number`` in so many hexadecimal digits."""

    def padded(self, number: str, width: int) -> str:
        """Return the expression for ``number`` in so many decimal digits."""

    def at(self, seconds: str) -> str:
        """Return the expression for the instant so many seconds from the present one."""

    def insert(self, insertion: str, selection: str, low: int, high: int) -> None:
        """Add the rows of ``selection`` for every n from ``low`` to ``high``."""

    def run(self, statement: str) -> int:
        """Run one statement of its own; return how many rows it changed."""

    def settle(self) -> None:
        """Bring the statistics of the planner and the files to rest."""

    def size(self) -> int:
        """Return the bytes on disk."""

    def holds(self) -> contextlib.AbstractContextManager[list[float]]:
        """Watch the writers meanwhile: every stretch of seconds in which nobody else could write."""

    def close(self) -> None:
        """Let go of it."""


class Sqlite:
    """A file. Filling it is not durable and keeps its indexes in memory: it is made once, from nothing."""

    json = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
        self._now = time.time_ns() // 1000

    def hexadecimal(self, number: str, width: int) -> str:
        return f"printf('%0{width}x', {number})"

    def padded(self, number: str, width: int) -> str:
        return f"printf('%0{width}d', {number})"

    def at(self, seconds: str) -> str:
        return f"({self._now} + ({seconds}) * {_MICROSECOND})"

    def insert(self, insertion: str, selection: str, low: int, high: int) -> None:
        numbers = f"SELECT {low} UNION ALL SELECT n + 1 FROM numbers WHERE n < {high}"  # noqa: S608 - two numbers
        self.run(f"{insertion} WITH RECURSIVE numbers(n) AS ({numbers}) {selection} FROM numbers")

    def run(self, statement: str) -> int:
        return self._connection.execute(statement).rowcount

    def settle(self) -> None:
        self._connection.execute("ANALYZE")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        # The server measures with the memory that is left.
        self._connection.execute("PRAGMA shrink_memory")

    def size(self) -> int:
        beside = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(each.stat().st_size for each in beside if each.is_file())

    @contextmanager
    def holds(self) -> Iterator[list[float]]:
        found: list[float] = []
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(found, over))
        watcher.start()
        try:
            yield found
        finally:
            over.set()
            watcher.join()

    def _watch(self, found: list[float], over: threading.Event) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        refused_since = None
        while not over.wait(_PROBE_SECONDS):
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                refused_since = refused_since or time.monotonic()
                continue
            connection.execute("ROLLBACK")
            if refused_since is not None:
                found.append(time.monotonic() - refused_since)
                refused_since = None
        connection.close()

    def close(self) -> None:
        self._connection.close()


class Postgresql:
    """A database of its own on a server."""

    json = "::json"

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(_address(url), autocommit=True)
        self._connection.execute("SET synchronous_commit = off")
        self._connection.execute("SET statement_timeout = 0")
        self._now = time.time()

    def hexadecimal(self, number: str, width: int) -> str:
        return f"lpad(to_hex({number}), {width}, '0')"

    def padded(self, number: str, width: int) -> str:
        return f"lpad(({number})::text, {width}, '0')"

    def at(self, seconds: str) -> str:
        return f"to_timestamp({self._now} + ({seconds}))"

    def insert(self, insertion: str, selection: str, low: int, high: int) -> None:
        self.run(
            f"{insertion} {selection} FROM generate_series({low}::bigint, {high}::bigint) AS s(n)"
        )

    def run(self, statement: str) -> int:
        # The text is put together by the bench from its own words.
        text: Any = statement
        return self._connection.execute(text).rowcount

    def settle(self) -> None:
        self._connection.execute("VACUUM ANALYZE")
        self._connection.execute("CHECKPOINT")

    def size(self) -> int:
        row = self._connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def holds(self) -> Iterator[list[float]]:
        # Writers lock the rows they change, and the purge passes over those that are locked.
        yield []

    def close(self) -> None:
        self._connection.close()


@contextmanager
def on_server(url: str) -> Iterator[str]:
    """Provide the URL of a new database on the PostgreSQL server at ``url``; it is gone afterwards."""
    name = f"signet_scale_{secrets.token_hex(6)}"
    own = make_url(url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(_address(url), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield own
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _address(url: str) -> str:
    return url.replace("postgresql+psycopg:", "postgresql:", 1)
