"""One at a time, across threads, processes and nodes.

For the work that must not be done twice at once: the first root key, migrations, the first signing key, key
rotation, re-sealing. On PostgreSQL it is a session's advisory lock; on SQLite, which is one machine, a lock on
a file beside the database. Both vanish with the process that held them.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, text


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` (made if absent), waiting for whoever has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(engine: Engine, name: str) -> Iterator[None]:
    """Hold the lock ``name`` of the whole installation, waiting for whoever has it."""
    if engine.dialect.name == "sqlite":
        with file_lock(_beside(engine, name)):
            yield
        return
    number = _number(name)
    with _own_connection(engine) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": number})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})


@contextmanager
def try_exclusive(engine: Engine, name: str) -> Iterator[bool]:
    """Hold the lock ``name`` of the whole installation if it is free; yield whether it was."""
    if engine.dialect.name == "sqlite":
        with _try_file_lock(_beside(engine, name)) as held:
            yield held
        return
    number = _number(name)
    with _own_connection(engine) as connection:
        query = text("SELECT pg_try_advisory_lock(:number)")
        held = bool(connection.execute(query, {"number": number}).scalar())
        try:
            yield held
        finally:
            if held:
                connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})


@contextmanager
def _try_file_lock(path: Path) -> Iterator[bool]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _taken(descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _own_connection(engine: Engine) -> Connection:
    # Outside the pool: it may be empty because of those who wait here, and its connections give up on a
    # lock after a while, which whoever waits for a long migration must not.
    own = create_engine(engine.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    return own.connect()


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"signet/{name}".encode()).digest()[:8], signed=True)


def beside(database: Path, name: str) -> Path:
    """Return the file whose lock is the lock ``name`` of the SQLite file ``database``."""
    return database.parent / f".{database.name}.{name}.lock"


def _beside(engine: Engine, name: str) -> Path:
    database = engine.url.database
    if not database or database == ":memory:":
        return beside(Path.cwd() / "signet", name)
    return beside(Path(database).resolve(), name)
