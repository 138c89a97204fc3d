"""The migrations make exactly the tables that the code speaks of, on both databases."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import inspect, text

import app.models  # noqa: F401 - every table must be known
from app.core import db as database
from app.core import schema
from app.core.errors import ConfigurationError
from app.core.settings_loader import load
from tests.jose.databases import BOTH, empty

ROOT = Path(__file__).parents[2]

UPGRADE = """
import sys
from flask import Flask
from app.core import db, schema
from app.core.settings_loader import load

flask = Flask("upgrade")
db.init(flask, load({"SIGNET_DATABASE_URL": sys.argv[1]}))
print("ready", flush=True)
sys.stdin.readline()
with flask.app_context():
    schema.upgrade(db.db.engine)
print("done")
"""


@pytest.fixture(params=BOTH)
def url(request, tmp_path):
    """Return the URL of an empty database."""
    with empty(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def flask(url):
    """Return an application on the empty database."""
    made = Flask("schema")
    database.init(made, load({"SIGNET_DATABASE_URL": url}, folder=ROOT / "tests"))
    with made.app_context():
        yield made
        database.db.session.remove()
        database.db.engine.dispose()


@pytest.fixture
def engine(flask):
    return database.db.engine


def tables(engine):
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_an_empty_database_becomes_current(engine):
    assert schema.installed_revision(engine) is None
    assert not schema.is_current(engine)
    schema.upgrade(engine)
    assert schema.is_current(engine)
    assert schema.installed_revision(engine) == schema.head()
    assert tables(engine) == set(database.Base.metadata.tables)


def test_the_migrated_schema_is_the_one_of_the_models(engine):
    schema.upgrade(engine)
    assert schema.check(engine) == []


def test_what_differs_from_the_models_is_named(engine):
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_grants_session_id"))
        connection.execute(text("ALTER TABLE users ADD COLUMN shoe_size INTEGER"))
    assert schema.check(engine) == [
        "add index: grants.ix_grants_session_id",
        "remove column: users, users.shoe_size",
    ]


def test_upgrading_a_current_database_changes_nothing(engine):
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO denied_tokens (jti, expires_at) VALUES ('a', :at)"),
            {"at": moment(engine)},
        )
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM denied_tokens")) == 1


def moment(engine):
    return 0 if engine.dialect.name == "sqlite" else "2030-01-01T00:00:00Z"


def test_a_database_of_a_newer_version_is_refused(engine):
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert not schema.is_current(engine)
    with pytest.raises(ConfigurationError, match="newer than this version"):
        schema.upgrade(engine)
    assert schema.installed_revision(engine) == "9999"


def test_a_migration_that_fails_leaves_nothing_behind(engine, monkeypatch):
    def broken(connection):
        schema_run(connection)
        raise RuntimeError("power cut")

    schema_run = schema._run
    monkeypatch.setattr(schema, "_run", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        schema.upgrade(engine)
    assert inspect(engine).get_table_names() == []
    monkeypatch.undo()
    schema.upgrade(engine)
    assert schema.is_current(engine)


def test_two_processes_upgrading_at_once_make_one_schema(url, engine):
    started = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", UPGRADE, url],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in started] == ["done\n", "done\n"]
    assert [process.returncode for process in started] == [0, 0]
    assert schema.is_current(engine)
    assert schema.check(engine) == []


def test_foreign_keys_hold_again_after_an_upgrade(engine):
    schema.upgrade(engine)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1


def test_a_broken_reference_undoes_a_migration(tmp_path, monkeypatch):
    made = Flask("broken")
    database.init(
        made, load({"SIGNET_DATABASE_URL": f"sqlite:///{tmp_path}/s.sqlite3"}, folder=tmp_path)
    )
    from alembic import command

    upgrade = command.upgrade

    def upgrade_and_orphan(config, target):
        upgrade(config, target)
        config.attributes["connection"].execute(
            text("INSERT INTO user_roles (user_id, role) VALUES ('nobody', 'admin')")
        )

    monkeypatch.setattr(command, "upgrade", upgrade_and_orphan)
    with made.app_context():
        with pytest.raises(RuntimeError, match="broke references in user_roles"):
            schema.upgrade(database.db.engine)
        assert schema.installed_revision(database.db.engine) is None
        database.db.engine.dispose()


def test_flask_migrate_runs_the_same_migrations(flask, engine):
    from flask_migrate import Migrate, upgrade

    from app.core import resources

    folder = str(resources.directory("migrations"))
    Migrate(flask, database.db, directory=folder)
    upgrade(directory=folder)
    assert schema.is_current(engine)
    assert schema.check(engine) == []


def test_migrations_are_numbered_and_named_as_a_sentence():
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    assert files
    for number, path in enumerate(files, start=1):
        revision, _, sentence = path.stem.partition("_")
        assert revision == f"{number:04d}"
        assert sentence.count("_") >= 2
    assert schema.head() == f"{len(files):04d}"
