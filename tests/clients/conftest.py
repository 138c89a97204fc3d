"""A small application with a database of its own, and a registration that makes sense."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from psycopg import sql

from app.clients.client import Registration
from app.core import settings_loader
from app.core.db import Base, db, init
from app.core.root_key import RootKey, RootKeys
from app.models import audit, clients, consents, identity, tokens  # noqa: F401 - their tables
from tests.support.requirements import postgresql_url

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def database_url(request, tmp_path):
    """SQLite, or PostgreSQL where a test is parametrized with it."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'signet.sqlite3'}"
        return
    server = postgresql_url()
    name = f"signet_clients_{uuid4().hex}"
    plain = server.replace("postgresql+psycopg:", "postgresql:", 1)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"{server.rpartition('/')[0]}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


@pytest.fixture
def environment():
    """Further settings of the application; a module overrides it."""
    return {}


@pytest.fixture
def application(database_url, environment, tmp_path):
    """The application, in no context: for tests with threads of their own."""
    app = Flask("signet-clients")
    settings = settings_loader.load(
        {"SIGNET_DATABASE_URL": database_url, "SIGNET_SIGNING_ALGORITHMS": "ES256", **environment},
        folder=tmp_path,
    )
    app.extensions["signet.settings"] = settings
    app.extensions["signet.root_keys"] = RootKeys((RootKey.of(os.urandom(32)),))
    init(app, settings)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(application):
    """The application, in a context that lasts as long as the test."""
    with application.app_context():
        yield application


WEB = Registration(client_name="Shop", redirect_uris=("https://shop.example/signed-in",))


@pytest.fixture
def web():
    return WEB


@pytest.fixture
def public():
    return replace(WEB, token_endpoint_auth_method="none")
