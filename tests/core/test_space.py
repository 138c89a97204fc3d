"""The room of the database: taken, given back, and made small."""

import pytest
from flask import Flask
from sqlalchemy import insert, text

from app.core import db as database
from app.core import space
from app.core.settings_loader import load
from app.models.tokens import DeniedToken
from tests.identity.installation import NOW
from tests.jose.databases import BOTH, empty

_ROWS = 40_000


@pytest.fixture(params=BOTH)
def engine(request, tmp_path):
    with empty(request.param, tmp_path) as url:
        flask = Flask("space")
        database.init(flask, load({"SIGNET_DATABASE_URL": url}, folder=tmp_path))
        with flask.app_context():
            database.Base.metadata.create_all(database.db.engine)
            yield database.db.engine
            database.db.session.remove()
            database.db.engine.dispose()


def _fill(engine):
    rows = [{"jti": f"{number:043}", "expires_at": NOW} for number in range(_ROWS)]
    with engine.begin() as connection:
        connection.execute(insert(DeniedToken), rows)


def _empty(engine):
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM denied_tokens"))


def _pragma(engine, name):
    with engine.connect() as connection:
        return connection.scalar(text(f"PRAGMA {name}"))


def _is_sqlite(engine):
    return engine.dialect.name == "sqlite"


def _without_auto_vacuum(engine):
    with engine.connect() as connection:
        connection.execute(text("PRAGMA auto_vacuum=NONE"))
        connection.execute(text("VACUUM"))


def test_the_room_of_deleted_rows_is_given_back_in_steps(engine):
    _fill(engine)
    full = space.size(engine)
    _empty(engine)
    steps = list(space.give_back(engine))
    if _is_sqlite(engine):
        assert len(steps) > 3
        assert max(steps) <= 256
        assert space.size(engine) < full / 2
        assert _pragma(engine, "integrity_check") == "ok"
    else:
        assert steps == []


def test_some_room_stays_free_for_the_next_rows(engine):
    _fill(engine)
    _empty(engine)
    list(space.give_back(engine))
    if _is_sqlite(engine):
        assert _pragma(engine, "freelist_count") == 256
    _fill(engine)
    assert list(space.give_back(engine)) == []


def test_others_write_between_two_steps(engine):
    _fill(engine)
    _empty(engine)
    for _ in space.give_back(engine):
        with engine.begin() as connection:
            connection.execute(text("UPDATE denied_tokens SET jti = jti WHERE 1 = 0"))


def test_a_database_made_without_it_gives_nothing_back_until_it_is_compacted(engine):
    if not _is_sqlite(engine):
        pytest.skip("PostgreSQL has no such mode")
    _without_auto_vacuum(engine)
    _fill(engine)
    _empty(engine)
    assert list(space.give_back(engine)) == []
    before = space.size(engine)
    space.compact(engine)
    assert space.size(engine) < before / 2
    _fill(engine)
    _empty(engine)
    assert list(space.give_back(engine)) != []


def test_compacting_keeps_every_row(engine):
    _fill(engine)
    space.compact(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM denied_tokens")) == _ROWS
        if _is_sqlite(engine):
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(text("PRAGMA temp_store")) == 2
