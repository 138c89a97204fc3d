"""The thread that sends logout tokens: woken by what was committed, patient with a broken database."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from app.cli import installation
from app.core import clock, settings_loader, wake
from app.core.db import db
from app.jobs import deliver_logout, schedule, ticker
from app.tokens.logout_deliveries import BELL

HOURS = timedelta(hours=3)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = settings_loader.load({}, folder=tmp_path)
    keys = replace(loaded.keys, directory=tmp_path / "keys")
    retention = replace(loaded.retention, purge_interval=HOURS)
    return replace(loaded, keys=keys, retention=retention)


@pytest.fixture
def app(settings):
    prepared = installation.prepare(settings)
    yield prepared
    with installation.inside(prepared):
        pass


@pytest.fixture
def running(app, settings):
    """Start tickers, and stop them when the test is over."""
    started = []
    # What another test has committed rings still, if nobody was there to hear it.
    wake.bell(BELL).clear()

    def start(**logout):
        changed = replace(settings, logout=replace(settings.logout, **logout))
        started.append(ticker.start(app, changed))
        return started[-1]

    yield start
    for each in started:
        each.stop()
    wake.bell(BELL).clear()


def _until(condition, *, within=15):
    end = time.monotonic() + within
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def test_a_commit_wakes_the_sender_at_once_and_a_rollback_does_not(app, running, monkeypatch):
    calls = []
    monkeypatch.setattr(schedule, "deliver", lambda now: calls.append(now) or True)
    running(delivery_interval=HOURS)
    with installation.inside(app):
        db.session.execute(db.text("SELECT 1"))
        wake.ring_after_commit(BELL)
        db.session.rollback()
        db.session.commit()
        time.sleep(0.2)
        assert calls == []
        db.session.execute(db.text("SELECT 1"))
        wake.ring_after_commit(BELL)
        db.session.commit()
        _until(lambda: calls)


def test_without_a_bell_it_looks_now_and_then(running, monkeypatch):
    calls = []
    monkeypatch.setattr(schedule, "deliver", lambda now: calls.append(now) or True)
    running(delivery_interval=timedelta(milliseconds=20))
    _until(lambda: len(calls) >= 3)


def test_it_outlives_failures_and_looks_more_rarely_while_they_last(running, monkeypatch):
    calls = []

    def deliver(_now):
        calls.append(time.monotonic())
        if len(calls) == 1:
            raise RuntimeError("no database")
        return len(calls) > 4

    monkeypatch.setattr(schedule, "deliver", deliver)
    running(delivery_interval=timedelta(milliseconds=40))
    _until(lambda: len(calls) >= 7)
    # After four failures it waits for at least half of sixteen times as long.
    assert calls[4] - calls[3] >= 0.16


def test_where_nobody_is_to_be_told_there_is_no_such_thread(running):
    running(back_channel=False)
    assert "signet-logout" not in {each.name for each in threading.enumerate()}


def test_a_stop_ends_it_while_it_waits(running):
    running(delivery_interval=HOURS).stop()
    assert "signet-logout" not in {each.name for each in threading.enumerate()}


def test_a_failure_of_the_job_is_told_and_leaves_no_transaction(app, monkeypatch):
    def broken(_now):
        raise RuntimeError("broken")

    with installation.inside(app):
        monkeypatch.setattr(deliver_logout, "run", broken)
        assert schedule.deliver(clock.now()) is False
        monkeypatch.undo()
        assert schedule.deliver(clock.now()) is True
