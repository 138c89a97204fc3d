"""A database with rows in it becomes current from every version there ever was."""

import pytest
from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import inspect, text

import app.models  # noqa: F401 - every table must be known
from app.core import db as database
from app.core import resources, schema
from app.core.settings_loader import load
from tests.jose.databases import BOTH, empty

INDEXES = {
    "user_sessions": "ix_user_sessions_created_at_id",
    "clients": "ix_clients_client_name_client_id",
}
_USER = (
    "INSERT INTO users (id, username, username_key, email_verified, claims, created_at, updated_at)"
    " VALUES ('u1', 'ada', 'ada', false, '{}', :at, :at)"
)
_SESSION = (
    "INSERT INTO user_sessions (id, cookie_id, user_id, auth_time, acr, amr, created_at, last_seen_at,"
    " expires_at) VALUES ('s1', 'c1', 'u1', :at, '1', 'pwd', :at, :at, :at)"
)


@pytest.fixture(params=BOTH)
def engine(request, tmp_path):
    """An engine on an empty database."""
    with empty(request.param, tmp_path) as url:
        flask = Flask("upgrades")
        database.init(flask, load({"SIGNET_DATABASE_URL": url}, folder=tmp_path))
        with flask.app_context():
            yield database.db.engine
            database.db.session.remove()
            database.db.engine.dispose()


def migrate(engine, target):
    """Bring the database to exactly ``target``."""
    config = Config()
    folder = str(resources.directory("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        step = command.downgrade if target < (_installed(connection) or "") else command.upgrade
        step(config, target)


def _installed(connection):
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def test_the_first_schema_with_rows_becomes_current(engine):
    migrate(engine, "0001")
    at = 0 if engine.dialect.name == "sqlite" else "2030-01-01T00:00:00Z"
    with engine.begin() as connection:
        for statement in (_USER, _SESSION):
            connection.execute(text(statement), {"at": at})
    schema.upgrade(engine)
    assert schema.is_current(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM user_sessions")) == 1
    for table, index in INDEXES.items():
        assert index in {each["name"] for each in inspect(engine).get_indexes(table)}


def test_the_indexes_of_the_lists_can_be_taken_back(engine):
    migrate(engine, "0002")
    migrate(engine, "0001")
    for table, index in INDEXES.items():
        assert index not in {each["name"] for each in inspect(engine).get_indexes(table)}
