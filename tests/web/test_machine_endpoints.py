"""Endpoints of machines: the body whole or not at all, and everything that a view would have around it."""

import json
import sqlite3
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask import Blueprint, Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.core import clock, settings_loader
from app.core.db import db
from app.core.errors import ConflictError, UnavailableError
from app.models.throttle import ThrottleCounter
from app.protocol.server import Answer, json_answer
from app.throttle.counters import ThrottledError
from app.web import admission, machine_endpoints

FORM = "application/x-www-form-urlencoded"
RAISED = {
    "conflict": ConflictError("This name is taken."),
    "busy": UnavailableError(retry_after=7, detail="queue full"),
    "throttled": ThrottledError(retry_after=31),
    "bug": ZeroDivisionError("secret inside"),
}


class Dribble:
    """A stream that gives a few bytes at a time, and then ends or breaks."""

    def __init__(self, whole: bytes, *, breaks: bool = False) -> None:
        self._rest = BytesIO(whole)
        self._breaks = breaks

    def read(self, size: int = -1) -> bytes:
        part = self._rest.read(min(3, size) if size >= 0 else 3)
        if not part and self._breaks:
            raise OSError("reset by peer")
        return part


def parameters(stream: Any, length: str, **environ: Any) -> dict[str, str]:
    sent = {"wsgi.input": stream, "CONTENT_LENGTH": length, "CONTENT_TYPE": FORM, **environ}
    app = Flask(__name__)
    app.extensions["signet.settings"] = settings_loader.load({})
    with app.test_request_context("/token", method="POST", environ_overrides=sent):
        return dict(
            machine_endpoints.read(
                sent | {"PATH_INFO": "/token", "REQUEST_METHOD": "POST"}
            ).parameters.values
        )


@pytest.mark.parametrize("size", [3, 999, 1000, 4096, 4097, 9000])
def test_a_body_of_any_size_is_read_whole(size: int) -> None:
    body = b"a=" + b"x" * (size - 2)
    assert parameters(BytesIO(body), str(size)) == {"a": "x" * (size - 2)}


def test_a_body_that_arrives_in_pieces_is_read_whole() -> None:
    assert parameters(Dribble(b"a=1&bc=23456789"), "15") == {"a": "1", "bc": "23456789"}


def test_what_follows_the_announced_body_is_not_part_of_it() -> None:
    assert parameters(BytesIO(b"a=1&b=2"), "3") == {"a": "1"}


@pytest.mark.spec("RFC 9112", "8")
@pytest.mark.parametrize("breaks", [True, False])
def test_half_a_body_is_not_taken_for_a_whole_one(*, breaks: bool) -> None:
    with pytest.raises(ClientDisconnected):
        parameters(Dribble(b"a=1&b=2", breaks=breaks), "20")


@pytest.mark.parametrize("length", ["", "-1", "+3", "3.0", "many", "\u0663", "9" * 5000])
def test_a_length_that_is_no_number_reads_nothing_and_breaks_nothing(length: str) -> None:
    try:
        assert parameters(BytesIO(b""), length) == {}
    except ClientDisconnected:
        assert length.isdecimal()


def test_a_body_beyond_the_limit_is_refused(make_edge_app: Any) -> None:
    app = make_edge_app(MAX_BODY_BYTES="4096")
    with app.app_context(), pytest.raises(RequestEntityTooLarge):
        machine_endpoints.body(
            {"wsgi.input": BytesIO(b"x" * 5000), "CONTENT_LENGTH": "5000", "REQUEST_METHOD": "POST"}
        )


@pytest.fixture
def served(app: Flask) -> Any:
    """Return a client of an application with an endpoint that ends as its query asks."""

    def ending(environ: dict[str, Any]) -> Answer:
        now = clock.now()
        row = {"key": "row", "failures": 1, "last_at": now, "blocked_until": now, "expires_at": now}
        db.session.execute(insert(ThrottleCounter).values(row))
        how = environ["QUERY_STRING"]
        if how in RAISED:
            raise RAISED[how]
        if how == "client":
            return replace(json_answer({}), client_id="app")
        return json_answer({"how": how}, status=int(how))

    blueprint = Blueprint("machine", __name__)
    machine_endpoints.route(blueprint, "/par", ending)
    app.register_blueprint(blueprint)
    return app.test_client()


def rows(app: Flask) -> set[str]:
    with app.app_context():
        return set(db.session.scalars(select(ThrottleCounter.key)))


@pytest.mark.parametrize(("status", "kept"), [(200, True), (400, True), (429, True), (503, False)])
def test_the_status_decides_what_becomes_of_the_transaction(
    app: Flask, served: Any, status: int, *, kept: bool
) -> None:
    answer = served.post(f"/par?{status}")
    assert (answer.status_code, answer.json) == (status, {"how": str(status)})
    assert rows(app) == ({"row"} if kept else set())


@pytest.mark.parametrize(
    ("how", "status", "kept"),
    [("conflict", 409, True), ("throttled", 429, True), ("busy", 503, False), ("bug", 500, False)],
)
def test_what_is_raised_is_told_as_oauth_tells_it(
    logged: Any, app: Flask, served: Any, how: str, status: int, *, kept: bool
) -> None:
    answer = served.post(f"/par?{how}")
    assert answer.status_code == status
    assert set(answer.json) == {"error", "error_description"}
    assert "secret inside" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert rows(app) == ({"row"} if kept else set())
    assert [line["status"] for line in logged.of("request")] == [status]


@pytest.mark.parametrize("how", ["200", "conflict", "bug"])
def test_every_request_gives_its_place_back(app: Flask, served: Any, how: str) -> None:
    places = admission.places(app)
    before = len(places._free)
    served.post(f"/par?{how}")
    assert (
        len(places._free)
        == before
        == app.extensions["signet.settings"].server.max_concurrent_requests
    )


def test_a_commit_that_fails_is_a_503_and_keeps_nothing(
    app: Flask, served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(db.session.session_factory.class_, "commit", refuse)
        answer = served.post("/par?200")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert rows(app) == set()


def test_a_client_that_cannot_be_looked_up_for_cors_is_a_503(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: str) -> None:
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr("app.clients.registry.get", gone)
    answer = served.post("/par?client", headers={"Origin": "https://app.example"})
    assert answer.status_code == 503


def test_other_methods_are_answered_by_the_rule_behind_it(served: Any) -> None:
    answer = served.get("/par?200")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_the_view_behind_the_rule_says_the_same(app: Flask, served: Any) -> None:
    with app.test_request_context("/par?400", method="POST"):
        behind = app.view_functions["machine.ending"]()
        db.session.rollback()
    in_front = served.post("/par?400")
    assert (behind.status_code, behind.get_data()) == (in_front.status_code, in_front.data)
    assert json.loads(behind.get_data()) == {"how": "400"}
    assert behind.headers["Content-Type"] == in_front.headers["Content-Type"]
