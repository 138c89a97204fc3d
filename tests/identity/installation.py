"""A small installation for tests: settings, root key and tables, without the web."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, text

from app.core import context, db
from app.core.context import Caller
from app.core.root_key import RootKey, RootKeys
from app.core.settings_loader import load
from tests.support.requirements import postgresql_url

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
ADDRESS = "192.0.2.1"


@contextmanager
def installed(folder: Path, *, url: str | None = None, **settings: str) -> Iterator[Flask]:
    """Yield an application with empty tables, on a new SQLite file or on the PostgreSQL at ``url``.

    Settings are given by the names of their variables, without ``SIGNET_``.
    """
    for name in ("identity", "clients", "tokens", "audit", "throttle", "keys", "consents"):
        import_module(f"app.models.{name}")
    environment = {
        "SIGNET_DATABASE_URL": url or f"sqlite:///{folder / 'signet.sqlite3'}",
        "SIGNET_ARGON2_TIME_COST": "1",
        **{f"SIGNET_{name}": value for name, value in settings.items()},
    }
    app = Flask("signet-test")
    loaded = app.extensions["signet.settings"] = load(environment, folder=folder)
    app.extensions["signet.root_keys"] = RootKeys((RootKey.of(secrets.token_bytes(32)),))
    db.init(app, loaded)
    tables = db.Base.metadata
    with app.app_context():
        tables.create_all(db.db.engine)
    as_caller(ADDRESS)
    try:
        yield app
    finally:
        context.set_caller(Caller())
        with app.app_context():
            db.db.session.remove()
            if url is not None:
                names = ", ".join(tables.tables)
                db.db.session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
                db.db.session.commit()
            db.db.engine.dispose()


@contextmanager
def new_database() -> Iterator[str]:
    """Yield the URL of a new database on the PostgreSQL server, and drop it afterwards."""
    server = postgresql_url()
    name = f"signet_test_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield str(make_url(server).set(database=name).render_as_string(hide_password=False))
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def as_caller(address: str | None, *, agent: str | None = None) -> None:
    """Let what follows in this thread come from ``address``."""
    context.set_caller(Caller(request_id="req-1", address=address, agent=agent))


def with_settings(app: Flask, section: str, **values: Any) -> None:
    """Change settings of an application that runs already."""
    settings = app.extensions["signet.settings"]
    changed = replace(getattr(settings, section), **values)
    app.extensions["signet.settings"] = replace(settings, **{section: changed})


def race(app: Flask, count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work`` in ``count`` threads at once, each in a transaction that is committed as the web does.

    Returns what each returned, or the error it raised.
    """
    gate = threading.Barrier(count)
    results: list[Any] = [None] * count

    def run(number: int) -> None:
        as_caller(ADDRESS)
        with app.app_context():
            gate.wait(30)
            try:
                results[number] = work(number)
                db.db.session.commit()
            except Exception as error:  # noqa: BLE001 - the errors are what the test is about
                db.db.session.commit()
                results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
