"""The periodic work: what it deletes, that it is done once, and that it never dies."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from app.audit.events import Kind, record
from app.cli import installation
from app.core import clock, locks, settings_loader
from app.core.db import db
from app.jobs import purge_expired, schedule, ticker
from app.models.audit import AuditEvent
from app.models.tokens import DeniedToken


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = settings_loader.load({}, folder=tmp_path)
    keys = replace(loaded.keys, directory=tmp_path / "keys")
    retention = replace(loaded.retention, purge_interval=timedelta(milliseconds=20))
    return replace(loaded, keys=keys, retention=retention)


@pytest.fixture
def app(settings):
    prepared = installation.prepare(settings)
    yield prepared
    with installation.inside(prepared):
        pass


@pytest.fixture
def context(app):
    with installation.inside(app):
        yield app


def _count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def _deny(count, *, until):
    rows = [{"jti": f"{until:%f}{number}", "expires_at": until} for number in range(count)]
    db.session.execute(insert(DeniedToken), rows)


def test_what_is_over_is_deleted_in_batches_and_what_lives_stays(context):
    now = clock.now()
    _deny(1201, until=now - timedelta(seconds=1, microseconds=1))
    _deny(3, until=now + timedelta(seconds=60))
    record(Kind.SIGN_IN, now=now - timedelta(days=500))
    db.session.commit()
    deleted = purge_expired.run(now)
    assert deleted == {"denied_tokens": 1201, "audit_events": 1}
    assert _count(DeniedToken) == 3


def test_a_batch_that_was_deleted_stays_deleted_when_a_later_one_fails(context, monkeypatch):
    now = clock.now()
    _deny(600, until=now - timedelta(seconds=1))
    db.session.commit()
    monkeypatch.setattr("app.throttle.counters.purge", _fail)
    with pytest.raises(RuntimeError):
        purge_expired.run(now)
    db.session.rollback()
    assert _count(DeniedToken) == 0


def test_the_next_key_is_announced_in_time(context, settings):
    from app.jose import signing_keys

    later = clock.now() + settings.keys.rotation_interval
    assert schedule.run_due(later) is True
    states = [key.state for key in signing_keys.records(now=later)]
    assert sorted(states) == ["active", "announced"]
    assert schedule.run_due(later) is True
    assert len(signing_keys.records(now=later)) == 2


def test_one_process_at_a_time_does_the_work(context):
    with locks.try_exclusive(db.engine, "jobs"):
        assert schedule.run_due(clock.now()) is False
    assert schedule.run_due(clock.now()) is True


def test_a_job_that_fails_keeps_no_other_from_running(context, monkeypatch):
    ran = []
    jobs = (("broken", _fail), ("whole", ran.append))
    monkeypatch.setattr(schedule, "_JOBS", jobs)
    now = clock.now()
    assert schedule.run_due(now) is True
    assert ran == [now]


def test_the_ticker_outlives_failures_and_goes_on(app, settings, monkeypatch):
    calls = []

    def run_due(now):
        calls.append(now)
        if len(calls) < 3:
            raise RuntimeError("no database")

    monkeypatch.setattr(schedule, "run_due", run_due)
    running = ticker.start(app, settings)
    end = time.monotonic() + 10
    while len(calls) < 5 and time.monotonic() < end:
        time.sleep(0.01)
    running.stop()
    assert len(calls) >= 5
    assert "signet-jobs" not in {thread.name for thread in threading.enumerate()}


def test_the_jobs_can_be_left_to_others(app, settings):
    left = replace(settings, server=replace(settings.server, jobs=False))
    assert ticker.start(app, left) is None


def test_events_of_the_jobs_name_them_as_the_actor(app, settings, monkeypatch):
    from app.core.context import caller

    actors = []
    monkeypatch.setattr(schedule, "run_due", lambda _now: actors.append(caller().actor))
    running = ticker.start(app, settings)
    end = time.monotonic() + 10
    while not actors and time.monotonic() < end:
        time.sleep(0.01)
    running.stop()
    assert set(actors) == {"jobs"}
    assert caller().actor is None


def _fail(*_arguments, **_named):
    raise RuntimeError("broken")


def test_events_purged_are_the_old_ones(context):
    now = clock.now()
    record(Kind.SIGN_OUT, now=now)
    db.session.commit()
    before = _count(AuditEvent)
    purge_expired.run(now)
    assert _count(AuditEvent) == before
