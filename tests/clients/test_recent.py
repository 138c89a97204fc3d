from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import text

from app.clients import recent
from app.clients.recent import CAPACITY, LIFETIME, Recent
from app.core import settings_loader
from app.core.db import db, init


class Clock:
    seconds = 100.0

    def __call__(self):
        return self.seconds


class Source:
    """What is stored, and how often it was asked for."""

    def __init__(self, **values):
        self.values = values
        self.readings = []

    def __call__(self, name):
        self.readings.append(name)
        return self.values.get(name)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def cache(app, clock):
    return Recent(clock=clock)


def test_nothing_is_ever_a_second_old():
    assert LIFETIME < 1


def test_a_value_is_read_once_and_again_when_its_time_is_over(cache, clock):
    source = Source(one=1)
    assert [cache.get("one", source) for _ in range(3)] == [1, 1, 1]
    clock.seconds += LIFETIME - 0.01
    source.values["one"] = 2
    assert cache.get("one", source) == 1
    clock.seconds += 0.01
    assert cache.get("one", source) == 2
    assert source.readings == ["one", "one"]


def test_the_age_counts_from_before_the_reading(cache, clock):
    def slow(name):
        clock.seconds += LIFETIME
        return "old"

    assert cache.get("one", slow) == "old"
    assert cache.get("one", Source(one="new")) == "new"


def test_what_does_not_exist_is_not_remembered(cache):
    source = Source()
    assert cache.get("one", source) is None
    source.values["one"] = 1
    assert cache.get("one", source) == 1


def test_an_empty_value_is_remembered(cache):
    source = Source(one=frozenset())
    assert [cache.get("one", source) for _ in range(2)] == [frozenset()] * 2
    assert source.readings == ["one"]


def test_it_never_holds_more_than_its_capacity_and_drops_the_oldest(app, clock):
    cache = Recent(capacity=3, clock=clock)
    source = Source(**{name: name for name in "abcd"})
    for name in "abcd":
        cache.get(name, source)
    assert len(cache) == 3
    source.readings.clear()
    for name in "dcb":
        cache.get(name, source)
    assert source.readings == []
    assert CAPACITY == 10_000


def test_a_change_is_seen_at_once_by_the_transaction_that_makes_it(cache):
    source = Source(one="old")
    cache.get("one", source)
    cache.change("one")
    db.session.execute(text("SELECT 1"))
    source.values["one"] = "new"
    assert cache.get("one", source) == "new"


def test_a_change_that_is_rolled_back_leaves_no_trace(cache):
    source = Source(one="old")
    cache.get("one", source)
    cache.change("one")
    db.session.execute(text("SELECT 1"))
    source.values["one"] = "never"
    assert cache.get("one", source) == "never"
    db.session.rollback()
    source.values["one"] = "old"
    assert cache.get("one", source) == "old"


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_however_a_transaction_ends_its_changes_are_read_anew(cache, end):
    source = Source(one="old")
    cache.get("one", source)
    cache.change("one")
    db.session.execute(text("SELECT 1"))
    source.values["one"] = "new"
    getattr(db.session, end)()
    assert cache.get("one", source) == "new"
    assert cache.get("one", source) == "new"
    assert source.readings == ["one", "one"]


def test_the_end_of_a_savepoint_is_not_the_end_of_the_transaction(cache):
    source = Source(one="old")
    cache.change("one")
    db.session.execute(text("CREATE TABLE sample (id INTEGER)"))
    with db.session.begin_nested():
        db.session.execute(text("SELECT 1"))
    cache.get("one", source)
    source.values["one"] = "new"
    assert cache.get("one", source) == "new"


def test_an_uncommitted_change_is_not_shown_to_others(application):
    cache = Recent()
    seen = []

    def other():
        with application.app_context():
            seen.append(cache.get("one", Source(one="committed")))

    with application.app_context():
        cache.change("one")
        db.session.execute(text("SELECT 1"))
        assert cache.get("one", Source(one="mine")) == "mine"
        thread = Thread(target=other)
        thread.start()
        thread.join()
    assert seen == ["committed"]


def test_a_value_read_before_a_change_ended_is_not_kept(application):
    """A reader that began first and finishes last must not bring the old value back."""
    cache = Recent()
    begun, finish = Event(), Event()

    def slowly(name):
        begun.set()
        assert finish.wait(10)
        return "old"

    def other():
        with application.app_context():
            cache.get("one", slowly)

    thread = Thread(target=other)
    thread.start()
    assert begun.wait(10)
    with application.app_context():
        cache.change("one")
        db.session.execute(text("SELECT 1"))
        db.session.commit()
        finish.set()
        thread.join()
        assert cache.get("one", Source(one="new")) == "new"


def test_two_databases_share_nothing(app, tmp_path):
    other = Flask("another")
    settings = settings_loader.load(
        {"SIGNET_DATABASE_URL": f"sqlite:///{tmp_path}/another.sqlite3"}, folder=tmp_path
    )
    init(other, settings)
    mine = recent.of("clients")
    with other.app_context():
        assert recent.of("clients") is recent.of("clients")
        assert recent.of("clients") is not mine
        assert recent.of("clients") is not recent.of("apis")
    assert recent.of("clients") is mine
