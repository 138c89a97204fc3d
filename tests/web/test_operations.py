"""What the operator's machines ask."""

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from app.core import schema
from app.core.db import db
from app.jose import key_ring
from app.models.keys import SigningKey
from app.web import operations


@pytest.fixture
def migrated(monkeypatch):
    monkeypatch.setattr(schema, "is_current", lambda _: True)


def fail(*_, **__):
    raise OperationalError("SELECT", {}, Exception("gone"))


def test_a_living_process_says_so_without_its_database(client, monkeypatch):
    monkeypatch.setattr(db.session, "execute", fail)
    monkeypatch.setattr(db.session, "scalar", fail)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_process_that_can_work_is_ready(client, migrated):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["checks"] == {"database": "ok", "schema": "ok", "signing_key": "ok"}


def test_without_the_database_it_is_not_ready(client, migrated, monkeypatch, logged):
    monkeypatch.setattr(db.session, "scalar", fail)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["status"] == "unavailable"
    assert answer.json["checks"]["database"] == "failed"
    assert "gone" not in answer.text
    assert logged.of("readiness.failed")


def test_before_the_migration_it_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(schema, "is_current", lambda _: False)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"] == {"database": "ok", "schema": "failed", "signing_key": "failed"}


def test_without_a_signing_key_it_is_not_ready(app, client, migrated):
    with app.app_context():
        db.session.execute(delete(SigningKey))
        db.session.commit()
        key_ring.forget()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["signing_key"] == "failed"


def test_without_a_configured_token_there_are_no_figures(client):
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.spec("RFC 6750", "2.1")
def test_the_bearer_of_the_token_gets_the_figures(make_edge_app, monkeypatch):
    client = make_edge_app(METRICS_TOKEN="a-long-token").test_client()
    monkeypatch.setattr(operations.metrics, "expose", lambda: b"signet_requests 1\n")
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = client.get("/metrics", headers={"Authorization": f"{scheme} a-long-token"})
        assert answer.status_code == 200
        assert answer.data == b"signet_requests 1\n"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.mimetype == "text/plain"


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Bearer a-long-toke", "Basic a-long-token",
     "Bearer a-long-token2", "a-long-token", "Bearer ä-long-token"],
)  # fmt: skip
def test_nobody_else_gets_the_figures(make_edge_app, given):
    client = make_edge_app(METRICS_TOKEN="a-long-token").test_client()
    headers = {} if given is None else {"Authorization": given}
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
