"""Statements without a session: the same answers, the same promises, and no connection lost for good."""

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from app.core.db import Base, db, table_of
from app.core.reading import Query
from app.core.writing import Change
from app.models.identity import User
from tests.identity.installation import DATABASES, NOW, installed, new_database

_USERS = table_of(User)
FIND = select(_USERS).where(_USERS.c.id == bindparam("person"))
RENAME = (
    update(_USERS)
    .where(_USERS.c.id == bindparam("person"), _USERS.c.name == bindparam("old"))
    .values(name=bindparam("new"), updated_at=bindparam("now"))
)
ADA = {"person": "ada"}


def renaming(old: str, new: str) -> dict[str, Any]:
    return {**ADA, "old": old, "new": new, "now": NOW}


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[str]:
    with new_database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql_database")
    with installed(tmp_path, url=url) as made, made.app_context():
        values = {
            "id": "ada", "username": "ada", "username_key": "ada", "name": "Ada",
            "claims": {"locale": "en"}, "email_verified": True, "created_at": NOW, "updated_at": NOW,
        }  # fmt: skip
        db.session.execute(insert(_USERS).values(values))
        db.session.commit()
        db.session.remove()
        yield made


def name_elsewhere() -> str:
    with db.engine.connect() as connection:
        return str(connection.scalar(select(_USERS.c.name).where(_USERS.c.id == "ada")))


def rename_elsewhere(name: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(update(_USERS).values(name=name))


def break_connections(kind: type[Query | Change]) -> None:
    """Close what is kept behind the program's back, as a server that restarts does."""
    for kept in kind.lane.slots[db.engine]:
        if kept is not None:
            kept.connection.close()


def test_a_row_has_the_values_that_a_session_would_give(app: Flask) -> None:
    row = Query(FIND).first(ADA)
    assert tuple(row) == tuple(db.session.execute(FIND, ADA).one())
    assert (row.claims, row.email_verified, row.created_at) == ({"locale": "en"}, True, NOW)
    assert (row.disabled_at, row[0]) == (None, "ada")


def test_what_is_not_there_is_none(app: Flask) -> None:
    assert Query(FIND).first({"person": "nobody"}) is None


def test_a_value_of_the_statement_itself_counts(app: Flask) -> None:
    query = Query(select(_USERS.c.id).where(_USERS.c.name == "Ada", _USERS.c.id != bindparam("x")))
    assert query.first({"x": "bob"}).id == "ada"


def test_a_missing_value_is_an_error_and_not_null(app: Flask) -> None:
    with pytest.raises(KeyError):
        Query(FIND).first({})


def test_a_query_opens_no_session(app: Flask) -> None:
    Query(FIND).first(ADA)
    assert not db.session.registry.has()


def test_a_query_sees_at_once_what_another_committed(app: Flask) -> None:
    query = Query(FIND)
    assert query.first(ADA).name == "Ada"
    rename_elsewhere("Countess")
    assert query.first(ADA).name == "Countess"


def test_a_query_sees_what_its_request_wrote_and_nobody_else_does(app: Flask) -> None:
    query = Query(FIND)
    db.session.execute(update(_USERS).values(name="Countess"))
    assert query.first(ADA).name == "Countess"
    assert name_elsewhere() == "Ada"
    db.session.rollback()
    assert query.first(ADA).name == "Ada"


def test_the_connection_of_a_query_can_write_nothing(app: Flask) -> None:
    Query(FIND).first(ADA)
    kept = Query.lane.slots[db.engine][-1]
    assert kept is not None
    with pytest.raises(kept.error):
        kept.connection.execute("UPDATE users SET name = 'Eve'")
    assert name_elsewhere() == "Ada"


def test_a_list_is_refused_because_it_is_another_statement_each_time(app: Flask) -> None:
    query = Query(select(_USERS).where(_USERS.c.id.in_(bindparam("people", expanding=True))))
    with pytest.raises(TypeError):
        query.first({"people": ["ada"]})


def test_a_change_is_durable_when_it_returns(app: Flask) -> None:
    change = Change(RENAME)
    assert change.affected(renaming("Ada", "Countess")) == 1
    assert name_elsewhere() == "Countess"
    assert change.affected(renaming("Ada", "Eve")) == 0
    assert not db.session.registry.has()


def test_a_change_belongs_to_the_transaction_that_the_request_has(app: Flask) -> None:
    db.session.execute(update(_USERS).values(name="Countess"))
    assert Change(RENAME).affected(renaming("Countess", "Lady")) == 1
    assert name_elsewhere() == "Ada"
    db.session.rollback()
    assert name_elsewhere() == "Ada"


def test_of_many_changes_at_once_one_is_made(app: Flask) -> None:
    change, gate, counts = Change(RENAME), Barrier(8), []

    def claim(number: int) -> None:
        with app.app_context():
            gate.wait(30)
            counts.append(change.affected(renaming("Ada", f"Winner {number}")))
            db.session.commit()

    in_threads(claim)
    assert sorted(counts) == [0] * 7 + [1]


def test_more_than_there_are_connections_are_all_answered(app: Flask) -> None:
    query, gate, names = Query(FIND), Barrier(8), []

    def ask(_: int) -> None:
        with app.app_context():
            gate.wait(30)
            names.extend(query.first(ADA).name for _ in range(20))

    in_threads(ask)
    assert names == ["Ada"] * 160
    assert len(Query.lane.slots[db.engine]) == 4


@pytest.mark.parametrize("times", [1, 2])
def test_a_connection_that_was_lost_is_replaced(app: Flask, times: int) -> None:
    query, change = Query(FIND), Change(RENAME)
    query.first(ADA)
    change.affected(renaming("nobody", "x"))
    for _ in range(times):
        break_connections(Query)
        break_connections(Change)
        _ask_a_lost_one(lambda: query.first(ADA))
        _ask_a_lost_one(lambda: change.affected(renaming("Ada", "Ada")))
        assert query.first(ADA).name == "Ada"
        assert change.affected(renaming("Ada", "Ada")) == 1
        assert not db.session.registry.has()


def _ask_a_lost_one(ask: Callable[[], Any]) -> None:
    """A server may have been started anew, so there the request goes on; a file does not go away."""
    if db.engine.dialect.name == "sqlite":
        with pytest.raises(DBAPIError):
            ask()
    else:
        assert ask()
        db.session.commit()
    db.session.remove()


def test_a_statement_that_fails_says_so_as_a_session_would(app: Flask) -> None:
    Query(FIND).first(ADA)
    Base.metadata.drop_all(db.engine, tables=[Base.metadata.tables["user_roles"]])
    try:
        with pytest.raises(Exception, match="user_roles") as caught:
            Query(select(text("1")).select_from(text("user_roles"))).first({})
        assert caught.type.__module__ == OperationalError.__module__
    finally:
        db.session.rollback()
        Base.metadata.create_all(db.engine)


def test_a_change_that_is_refused_leaves_nothing_behind(app: Flask) -> None:
    broken = Change(
        update(_USERS)
        .where(_USERS.c.id == bindparam("person"))
        .values(username_key=func.nullif(1, 1))
    )
    with pytest.raises(Exception, match="username_key"):
        broken.affected(ADA)
    db.session.rollback()
    db.session.remove()
    assert Change(RENAME).affected(renaming("Ada", "Countess")) == 1


def test_an_engine_that_is_disposed_of_closes_its_connections(app: Flask) -> None:
    Query(FIND).first(ADA)
    kept = Query.lane.slots[db.engine][-1]
    assert kept is not None
    db.engine.dispose()
    with pytest.raises(kept.error):
        kept.connection.execute("SELECT 1")
    assert Query(FIND).first(ADA).name == "Ada"


def test_kept_connections_keep_no_engine_alive(tmp_path: Path) -> None:
    query = Query(FIND)
    with installed(tmp_path) as made, made.app_context():
        query.first(ADA)
        engine = weakref.ref(db.engine)
    del made
    gc.collect()
    assert engine() is None


def in_threads(work: Any) -> None:
    threads = [Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
