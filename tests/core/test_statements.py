"""Statements of the request's transaction: compiled once, and otherwise what a session makes of them."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import bindparam, delete, event, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.core.db import db, table_of
from app.core.statements import Statement
from app.models.identity import User
from tests.core.test_direct import app, name_elsewhere, postgresql_database
from tests.identity.installation import NOW

__all__ = ["app", "postgresql_database"]

_USERS = table_of(User)
_NEW = (
    "id", "username", "username_key", "name", "claims", "email_verified", "created_at", "updated_at",
)  # fmt: skip
ADD = Statement(insert(_USERS).values({name: bindparam(name) for name in _NEW}))
RENAME = Statement(
    update(_USERS)
    .where(_USERS.c.id == bindparam("person"), _USERS.c.name == bindparam("old"))
    .values(name=bindparam("new"), updated_at=bindparam("now"))
)
REMOVE = Statement(delete(_USERS).where(_USERS.c.id.in_([bindparam("one"), bindparam("other")])))
TO_LOVELACE = {"person": "ada", "old": "Ada", "new": "Lovelace", "now": NOW}


def person(name: str) -> dict[str, object]:
    return {
        "id": name, "username": name, "username_key": name, "name": name, "claims": {"locale": "de"},
        "email_verified": False, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def _over(app: Flask) -> Iterator[None]:
    yield
    db.session.rollback()


def test_it_is_part_of_the_transaction_and_undone_with_it() -> None:
    assert RENAME.run(TO_LOVELACE) == 1
    assert db.session.scalar(select(_USERS.c.name)) == "Lovelace"
    assert name_elsewhere() == "Ada"
    db.session.rollback()
    assert name_elsewhere() == "Ada"


def test_it_is_committed_with_the_transaction() -> None:
    assert RENAME.run(TO_LOVELACE) == 1
    db.session.commit()
    assert name_elsewhere() == "Lovelace"


def test_the_row_count_tells_whether_the_condition_held() -> None:
    assert RENAME.run({**TO_LOVELACE, "old": "Grace"}) == 0
    assert [RENAME.run(TO_LOVELACE) for _ in range(2)] == [1, 0]


def test_values_of_every_type_come_back_as_they_were() -> None:
    assert ADD.run(person("grace")) == 1
    row = db.session.execute(select(_USERS).where(_USERS.c.id == "grace")).one()
    assert {name: getattr(row, name) for name in _NEW} == person("grace")


def test_several_rows_go_in_one_statement() -> None:
    ADD.run(person("grace"))
    assert REMOVE.run({"one": "grace", "other": "ada"}) == 2


def test_an_error_is_sqlalchemys_and_quotes_no_value() -> None:
    with pytest.raises(IntegrityError) as refused:
        ADD.run({**person("eve"), "username_key": "ada", "name": "what somebody typed"})
    assert refused.value.hide_parameters
    assert "what somebody typed" not in str(refused.value)


def test_whoever_counts_statements_sees_it(app: Flask) -> None:
    seen: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    event.listen(db.engine, "before_cursor_execute", see)
    try:
        RENAME.run(TO_LOVELACE)
    finally:
        event.remove(db.engine, "before_cursor_execute", see)
    assert seen == ["UPDATE"]
