"""A fresh database for every installation that a test starts: a SQLite file, or a PostgreSQL database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.support.requirements import postgresql_url

SQLITE = "sqlite"
POSTGRESQL = "postgresql"


@dataclass(frozen=True)
class Database:
    """Which engine, and the settings that lead a server to it."""

    engine: str
    settings: dict[str, str] = field(default_factory=dict)


@contextmanager
def fresh(engine: str) -> Iterator[Database]:
    """Provide an empty database that is gone afterwards."""
    if engine == SQLITE:
        # The default: a file in the folder where the server starts.
        yield Database(SQLITE)
        return
    url = postgresql_url()
    assert url is not None
    name = f"signet_{secrets.token_hex(6)}"
    _administer(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        own = make_url(url).set(database=name).render_as_string(hide_password=False)
        yield Database(POSTGRESQL, {"SIGNET_DATABASE_URL": own})
    finally:
        _administer(url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(url: str, command: sql.Composed) -> None:
    address = url.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(command)
