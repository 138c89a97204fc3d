"""People on a database of their own: SQLite always, PostgreSQL where there is a server."""

import pytest

from tests.identity.installation import DATABASES, installed, new_database


@pytest.fixture(scope="session")
def postgresql_database():
    """A database of this run, with empty tables again after each test."""
    with new_database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def app(request, tmp_path):
    is_sqlite = request.param == "sqlite"
    url = None if is_sqlite else request.getfixturevalue("postgresql_database")
    with installed(tmp_path, url=url) as made:
        yield made


@pytest.fixture
def app_context(app):
    """Everything in one context, as in one request after another."""
    with app.app_context() as context:
        yield context
