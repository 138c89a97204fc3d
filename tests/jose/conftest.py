"""Applications with signing keys, on a SQLite file of their own."""

from datetime import timedelta

import pytest
from joserfc.jwk import RSAKey

from app.core import db as database
from app.jose import signing_keys
from tests.jose.applications import ALL, NOW, dispose, make_app


@pytest.fixture(scope="session")
def rsa_keys():
    """RSA keys that are shared by all tests, for each takes a while to make."""
    return []


@pytest.fixture(autouse=True)
def quick_rsa(monkeypatch, rsa_keys):
    """Give the same RSA keys to every test, but never one twice within a test."""
    made = iter(range(1000))
    generate = RSAKey.generate_key

    def next_key(bits):
        if bits != 2048:
            return generate(bits)
        number = next(made)
        while len(rsa_keys) <= number:
            rsa_keys.append(generate(2048).raw_value)
        return RSAKey.import_key(rsa_keys[number])

    monkeypatch.setattr(RSAKey, "generate_key", next_key)


@pytest.fixture
def make(tmp_path):
    """Make applications on one and the same database; its tables are there."""
    made = []

    def make_one(**settings):
        flask = make_app(f"sqlite:///{tmp_path}/keys.sqlite3", **settings)
        made.append(flask)
        with flask.app_context():
            database.db.create_all()
        return flask

    yield make_one
    for flask in made:
        dispose(flask)


@pytest.fixture
def context(make):
    """Run inside an application whose only algorithm is RS256, its key made at ``NOW``."""
    flask = make()
    with flask.app_context():
        signing_keys.ensure(now=NOW)
        yield flask


@pytest.fixture
def every_algorithm(make):
    """Run inside an application with a key for every algorithm, made a day before ``NOW``."""
    flask = make(SIGNING_ALGORITHMS=ALL)
    with flask.app_context():
        signing_keys.ensure(now=NOW - timedelta(days=1))
        yield flask
