"""Which browser applications may call which endpoints."""

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import OperationalError

from app.clients import origins, recent
from app.core import clock
from app.core.db import Base, db
from app.models.clients import Client
from tests.support import databases

APP = "https://app.example"
ASKING = {"Origin": APP, "Access-Control-Request-Method": "POST"}
ENDPOINTS = ("/token", "/userinfo", "/revoke", "/introspect")


def register(client_id, allowed_origins, *, disabled=False):
    now = clock.now()
    values = {
        "client_id": client_id,
        "client_name": client_id,
        "allowed_origins": allowed_origins,
        "token_endpoint_auth_method": "none",
        "scope": "openid",
        "disabled_at": now if disabled else None,
        "created_at": now,
        "updated_at": now,
    }
    db.session.execute(insert(Client).values(**values))
    db.session.commit()


@pytest.fixture
def registered(app):
    with app.app_context():
        register("spa", [APP, "http://localhost:5173"])
        register("server", [])
    return app.test_client()


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.spec("Fetch Standard", "3.3.5")
def test_a_preflight_from_a_registered_origin_is_answered(registered, path):
    answer = registered.options(path, headers=ASKING)
    assert answer.status_code == 204
    assert answer.data == b""
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "*", APP + ".evil.example", APP.upper(), "\xff"]
)
def test_a_preflight_from_elsewhere_gets_no_leave(registered, origin):
    answer = registered.options("/token", headers={**ASKING, "Origin": origin})
    assert answer.status_code == 204
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Access-Control-Allow-Methods" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_a_disabled_client_lends_its_origin_to_nobody(app):
    with app.app_context():
        register("gone", [APP], disabled=True)
    answer = app.test_client().options("/token", headers=ASKING)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.postgresql
def test_origins_are_found_on_postgresql_too(make_edge_app):
    with databases.fresh(databases.POSTGRESQL) as database:
        app = make_edge_app(DATABASE_URL=database.settings["SIGNET_DATABASE_URL"])
        with app.app_context():
            Base.metadata.create_all(db.engine)
            register("spa", [APP])
            register("server", [])
            register("gone", ["https://gone.example"], disabled=True)
            assert origins.is_allowed(APP)
            assert not origins.is_allowed("https://gone.example")
            db.session.remove()
            db.engine.dispose()


def test_an_origin_registered_elsewhere_counts_within_a_second(app, monkeypatch):
    now = [1000.0]
    with app.app_context():
        register("spa", [])
        assert not origins.is_allowed(APP)
        cache = recent.of("origins")
        monkeypatch.setattr(cache, "_clock", lambda: now[0])
        cache._entries.clear()
        assert not origins.is_allowed(APP)
        db.session.execute(update(Client).values(allowed_origins=[APP]))
        db.session.commit()
        now[0] += 0.95
        assert origins.is_allowed(APP)


@pytest.mark.spec("Fetch Standard", "3.3.3")
def test_an_answer_may_be_read_from_the_origins_of_the_client_it_is_for(registered):
    answer = registered.post("/token", data={"origins": APP}, headers={"Origin": APP})
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Expose-Headers"] == "WWW-Authenticate, Retry-After"
    assert answer.headers["Vary"] == "Origin"


def test_an_answer_for_one_client_may_not_be_read_from_the_origin_of_another(registered):
    answer = registered.post(
        "/token", data={"origins": "https://b.example"}, headers={"Origin": APP}
    )
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Origin"


def test_a_refusal_that_knows_no_client_may_be_read_from_a_registered_origin(registered):
    answer = registered.post("/token", data={"fail": "odd"}, headers={"Origin": APP})
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    stranger = registered.post(
        "/token", data={"fail": "odd"}, headers={"Origin": "https://x.example"}
    )
    assert "Access-Control-Allow-Origin" not in stranger.headers


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_answer_varies_by_origin_even_without_one(registered, path):
    assert "Origin" in registered.post(path).headers["Vary"]


@pytest.mark.spec("RFC 9700", "2.6")
@pytest.mark.parametrize("path", ["/authorize", "/login", "/page", "/healthz", "/nothing"])
def test_nothing_else_is_open_to_other_origins(registered, path):
    for method in ("GET", "OPTIONS"):
        answer = registered.open(path, method=method, headers=ASKING)
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_without_the_database_nobody_is_known_and_the_answer_stands(
    registered, monkeypatch, logged
):
    def fail(_):
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(origins, "is_allowed", fail)
    answer = registered.post("/token", headers={"Origin": APP})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert registered.options("/token", headers=ASKING).status_code == 204
    assert logged.of("cors.unknown")


def test_an_options_request_that_is_no_preflight_is_an_ordinary_one(registered):
    answer = registered.options("/token")
    assert answer.status_code == 200
    assert "POST" in answer.headers["Allow"]
