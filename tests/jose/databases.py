"""Empty databases for tests that must hold on SQLite and on PostgreSQL."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.support.requirements import postgresql_url

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@contextmanager
def empty(kind: str, folder: Path) -> Iterator[str]:
    """Make an empty database of this ``kind`` and give its URL; it is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/signet.sqlite3"
        return
    server = make_url(postgresql_url() or "")
    name = f"signet_{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
