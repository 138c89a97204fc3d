"""When the transaction of a request is committed, and what happens when it cannot be."""

import sqlite3

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.core.db import db
from app.models.throttle import ThrottleCounter


@pytest.fixture
def written(app):
    def read():
        with app.app_context():
            return set(db.session.scalars(select(ThrottleCounter.key)))

    return read


@pytest.mark.parametrize("status", [200, 303, 400, 401, 404, 429])
def test_every_answered_request_is_committed(client, written, status):
    client.get(f"/write/row/{status}")
    assert written() == {"row"}


@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_is_rolled_back(client, written, status):
    client.get(f"/write/row/{status}")
    assert written() == set()


@pytest.mark.parametrize("how", ["odd", "conflict", "not-found", "throttled"])
def test_a_refusal_that_was_raised_keeps_its_consequences(client, written, how):
    assert client.get(f"/write-and-fail/row/{how}").status_code < 500
    assert written() == {"row"}


@pytest.mark.parametrize("how", ["bug", "busy"])
def test_a_failure_that_was_raised_keeps_nothing(client, written, how):
    assert client.get(f"/write-and-fail/row/{how}").status_code >= 500
    assert written() == set()


def test_a_request_after_a_failed_one_starts_clean(client, written):
    client.get("/write-and-fail/lost/bug")
    client.get("/write/kept/200")
    assert written() == {"kept"}


def test_a_commit_that_the_database_refuses_is_answered_with_503(app, client, written, monkeypatch):
    def refuse(*_):
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(db.session.session_factory.class_, "commit", refuse)
        answer = client.get("/write/row/200")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert written() == set()


def test_a_request_without_a_statement_opens_no_session(app, client, monkeypatch):
    opened = []
    factory = db.session.session_factory
    monkeypatch.setattr(
        db.session.registry, "createfunc", lambda: opened.append(1) or factory(), raising=True
    )
    client.get("/page")
    assert opened == []
    client.get("/write/row/200")
    assert opened == [1]
