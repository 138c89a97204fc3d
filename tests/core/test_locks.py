"""One at a time: the lock that waits and the one that goes away."""

import secrets
from threading import Event, Thread

import pytest
from sqlalchemy import create_engine

from app.core import locks
from tests.support.requirements import postgresql_url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request, tmp_path):
    sqlite = f"sqlite:///{tmp_path}/locks.sqlite3"
    made = create_engine(sqlite if request.param == "sqlite" else postgresql_url())
    yield made
    made.dispose()


@pytest.fixture
def name():
    # All tests share one database of the server's, and tests run beside one another.
    return secrets.token_hex(8)


def test_who_only_tries_is_told_that_it_is_taken(engine, name):
    with locks.try_exclusive(engine, name) as first:
        assert first is True
        with locks.try_exclusive(engine, name) as second:
            assert second is False
        with locks.try_exclusive(engine, f"{name}-other") as another:
            assert another is True
    with locks.try_exclusive(engine, name) as again:
        assert again is True


def test_a_failure_inside_gives_the_lock_back(engine, name):
    with pytest.raises(BlockingIOError), locks.try_exclusive(engine, name):
        raise BlockingIOError
    with locks.try_exclusive(engine, name) as again:
        assert again is True


def test_who_waits_gets_its_turn_when_the_other_is_done(engine, name):
    entered, done = Event(), Event()

    def wait():
        with locks.exclusive(engine, name):
            entered.set()
        done.set()

    with locks.exclusive(engine, name):
        waiting = Thread(target=wait)
        waiting.start()
        assert not entered.wait(0.2)
    assert done.wait(10)
    waiting.join()
