"""Changes that wait at the same time share one transaction, and none of them notices."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import OperationalError as DriverError
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.exc import OperationalError

from app.core import group_commit, sqlite_writers, writing
from app.core.db import db, table_of
from app.core.group_commit import Line, Waiting
from app.core.writing import Change
from app.models.identity import User
from tests.identity.installation import NOW, installed

# A hang is a failure; nothing here depends on how fast the machine is.
HANG = 20
_PATIENCE = 0.4
_MANY = 6
_USERS = table_of(User)
_RENAME = Change(
    update(_USERS)
    .where(_USERS.c.id == bindparam("person"), _USERS.c.name == bindparam("old"))
    .values(name=bindparam("new"), updated_at=bindparam("now"))
)
_BREAK = Change(
    update(_USERS).where(_USERS.c.id == bindparam("person")).values(username_key=func.nullif(1, 1))
)


@contextmanager
def with_people(folder: Path, **settings: str) -> Iterator[Flask]:
    with installed(folder, **settings) as made, made.app_context():
        db.session.execute(insert(_USERS), [_person(number) for number in range(_MANY)])
        db.session.commit()
        db.session.remove()
        yield made


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with with_people(tmp_path, DATABASE_BUSY_TIMEOUT=f"{HANG}s") as made:
        yield made


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Flask]:
    with with_people(tmp_path, DATABASE_BUSY_TIMEOUT=f"{_PATIENCE * 1000:.0f}ms") as made:
        yield made


def _person(number: int) -> dict[str, Any]:
    name = str(number)
    return {
        "id": name, "username": name, "username_key": name, "name": "old", "claims": {},
        "email_verified": True, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def rename(number: int, new: str = "new") -> int:
    values = {"person": str(number), "old": "old", "new": new, "now": NOW}
    return _RENAME.affected(values)


def names() -> list[str | None]:
    """Return the names that are committed, in order."""
    with db.engine.connect() as connection:
        return list(connection.scalars(select(_USERS.c.name).order_by(_USERS.c.id)))


class Crowd:
    """Threads that change something, and what came of each."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._threads: list[Thread] = []
        self.results: list[Any] = []
        self.seconds: list[float] = []

    def add(self, work: Callable[[], Any]) -> None:
        """Let one more thread begin, and wait until it is in the line."""
        number, there = len(self._threads), len(waiting())
        self.results.append(None)
        self.seconds.append(0.0)
        self._threads.append(Thread(target=self._run, args=(number, work)))
        self._threads[-1].start()
        until(lambda: len(waiting()) > there)

    def finish(self) -> list[Any]:
        """Return what came of each, the order that of coming."""
        for thread in self._threads:
            thread.join(HANG)
            assert not thread.is_alive()
        return self.results

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        began = time.monotonic()
        with self._app.app_context():
            try:
                self.results[number] = work()
            except BaseException as error:  # noqa: BLE001 - the errors are what the tests are about
                self.results[number] = error
        self.seconds[number] = time.monotonic() - began


def line() -> Line:
    return writing._lines.setdefault(db.engine, writing._line())


def waiting() -> list[Waiting]:
    return list(line()._waiting)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + HANG
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.fixture
def crowd(app: Flask) -> Crowd:
    return Crowd(app)


@contextmanager
def somebody_writing() -> Iterator[None]:
    """Have another transaction write for as long as it lasts."""
    connection: Any = db.engine.raw_connection()
    connection.dbapi_connection.begin_writing()
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


class Commits:
    """Counts the commits; ``act``, if there is one, comes before each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.act: Callable[[], object] | None = None
        commit = sqlite_writers.Connection.commit

        def counting(connection: sqlite_writers.Connection) -> None:
            self.count += 1
            if self.act is not None:
                self.act()
            commit(connection)

        monkeypatch.setattr(sqlite_writers.Connection, "commit", counting)


@pytest.fixture
def commits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Commits:
    return Commits(monkeypatch)


def test_changes_that_wait_together_share_one_commit(crowd: Crowd, commits: Commits) -> None:
    with somebody_writing():
        for number in range(_MANY):
            crowd.add(lambda number=number: rename(number))
    assert crowd.finish() == [1] * _MANY
    assert commits.count == 1
    assert names() == ["new"] * _MANY


def test_a_transaction_has_its_bounds(
    crowd: Crowd, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_MOST_AT_ONCE", 2)
    with somebody_writing():
        for number in range(_MANY):
            crowd.add(lambda number=number: rename(number))
    assert crowd.finish() == [1] * _MANY
    assert commits.count == _MANY // 2


def test_of_changes_of_one_row_in_one_transaction_the_first_is_made(
    crowd: Crowd, commits: Commits
) -> None:
    with somebody_writing():
        for number in range(_MANY):
            crowd.add(lambda number=number: rename(0, f"by {number}"))
    assert crowd.finish() == [1] + [0] * (_MANY - 1)
    assert commits.count == 1
    assert names()[0] == "by 0"


def test_every_change_is_durable_when_its_thread_hears_of_it(crowd: Crowd) -> None:
    def see(number: int) -> str | None:
        rename(number)
        return names()[number]

    with somebody_writing():
        for number in range(_MANY):
            crowd.add(lambda number=number: see(number))
    assert crowd.finish() == ["new"] * _MANY


@pytest.mark.parametrize("broken", [0, 2])
def test_a_change_that_fails_spoils_none_of_the_others(crowd: Crowd, broken: int) -> None:
    with somebody_writing():
        for number in range(4):
            crowd.add(
                (lambda: _BREAK.affected({"person": "0"}))
                if number == broken
                else (lambda: rename(0, "mine"))
            )
    results = crowd.finish()
    assert "username_key" in str(results.pop(broken))
    assert results == [1, 0, 0]
    assert names()[0] == "mine"
    assert waiting() == []
    assert rename(1) == 1


def test_a_commit_that_fails_fails_them_all_and_changes_nothing(
    crowd: Crowd, commits: Commits
) -> None:
    def full() -> None:
        raise DriverError("database or disk is full")

    commits.act = full
    with somebody_writing():
        for number in range(_MANY):
            crowd.add(lambda number=number: rename(number))
    results = crowd.finish()
    assert {type(each) for each in results} == {OperationalError}
    assert all("disk is full" in str(each) for each in results)
    assert len({id(each.orig) for each in results}) == _MANY
    assert commits.count == 1
    assert names() == ["old"] * _MANY
    commits.act = None
    assert rename(0) == 1


def test_a_leader_that_dies_in_the_commit_leaves_nobody_waiting(
    crowd: Crowd, commits: Commits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        commits.act = None
        raise SystemExit

    monkeypatch.setattr(group_commit, "_MOST_AT_ONCE", 3)
    commits.act = die
    with somebody_writing():
        for number in range(_MANY):
            crowd.add(lambda number=number: rename(number))
    died, *same, first, second, third = crowd.finish()
    assert isinstance(died, SystemExit)
    assert [type(each) for each in same] == [OperationalError] * 2
    assert (first, second, third) == (1, 1, 1)
    assert names() == ["old"] * 3 + ["new"] * 3


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), DriverError("database is locked")])
def test_a_leader_whose_turn_never_comes_fails_alone_and_hands_the_lead_on(
    crowd: Crowd, commits: Commits, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    fail, patiences = Event(), list[float | None]()
    begin = sqlite_writers.Connection.begin_writing

    def fails_first(connection: sqlite_writers.Connection, patience: float | None = None) -> None:
        patiences.append(patience)
        if len(patiences) == 1:
            fail.wait(HANG)
            raise fault
        begin(connection, patience)

    monkeypatch.setattr(sqlite_writers.Connection, "begin_writing", fails_first)
    for number in range(_MANY):
        crowd.add(lambda number=number: rename(number))
    fail.set()
    failed, *others = crowd.finish()
    assert isinstance(failed, KeyboardInterrupt | OperationalError)
    assert others == [1] * (_MANY - 1)
    assert commits.count == 1
    whole, left = patiences
    assert whole is None
    # It counts from when one came, not from when one leads.
    assert left is not None
    assert 0 < left < HANG


def test_whoever_waits_in_vain_is_told_so_in_time(impatient: Flask) -> None:
    crowd = Crowd(impatient)
    with somebody_writing():
        for number in range(4):
            crowd.add(lambda number=number: rename(number))
        results = crowd.finish()
    assert {type(each) for each in results} == {OperationalError}
    assert all("locked" in str(each) for each in results)
    # One after the other they would have waited for four times as long.
    assert max(crowd.seconds) < 3 * _PATIENCE
    assert waiting() == []
    assert rename(0) == 1


def test_a_leader_that_hangs_in_the_commit_keeps_the_others_for_a_bounded_time(
    impatient: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd, commits, over = Crowd(impatient), Commits(monkeypatch), Event()
    commits.act = lambda: over.wait(HANG)
    with somebody_writing():
        for number in range(3):
            crowd.add(lambda number=number: rename(number))
    until(lambda: None not in crowd.results[1:])
    assert [type(each) for each in crowd.results] == [
        type(None),
        OperationalError,
        OperationalError,
    ]
    over.set()
    assert crowd.finish()[0] == 1
    assert waiting() == []


def test_a_fork_takes_nobody_along_who_waits(app: Flask) -> None:
    assert rename(0) == 1
    kept, leader = line(), Waiting("", ())
    assert kept.leads(leader)
    db.engine.dispose()
    with kept._mutex:
        child = os.fork()
        if child == 0:
            os._exit(_exit_code(lambda: rename(1)))
    assert os.waitpid(child, 0)[1] == 0
    kept.leave(leader)
    assert names()[:2] == ["new", "new"]


def _exit_code(change: Callable[[], int]) -> int:
    signal.alarm(HANG)
    try:
        return 1 - change()
    except BaseException:  # noqa: BLE001 - no test goes on in the child
        return 2


def test_a_follower_gives_the_turn_away_before_it_waits(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    gave: list[int] = []

    class Turns:
        def give(self) -> None:
            gave.append(len(waiting()))

    monkeypatch.setattr(group_commit, "turns", Turns())
    with somebody_writing():
        for number in range(3):
            crowd.add(lambda number=number: rename(number))
        until(lambda: len(gave) == 2)
    assert crowd.finish() == [1] * 3
