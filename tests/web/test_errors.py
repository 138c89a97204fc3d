"""The last resort: what is said, to whom, and what is not said."""

import re
import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

REFERENCE = re.compile(r'id="error-reference">([2-9B-Z]{4}-[2-9B-Z]{4})<')
HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("not-found", 404), ("conflict", 409), ("busy", 503), ("throttled", 429), ("odd", 400),
        ("bug", 500),
    ],
)  # fmt: skip
def test_an_error_has_its_status(client, how, status):
    assert client.get(f"/fail/{how}").status_code == status


def test_a_page_shows_the_reference_under_which_the_log_has_the_detail(client, logged):
    answer = client.get("/fail/odd")
    shown = REFERENCE.search(answer.text)[1]
    (line,) = logged.of("request.refused")
    assert line["reference"] == shown
    assert line["detail"] == "private reason"
    assert "private reason" not in answer.text
    assert "That was refused." in answer.text


def test_a_bug_says_nothing_of_itself(client, logged):
    answer = client.get("/fail/bug")
    assert "secret inside" not in answer.text
    assert "ZeroDivisionError" not in answer.text
    (line,) = logged.of("request.failed")
    assert isinstance(line["exc_info"], ZeroDivisionError)
    assert line["reference"] == REFERENCE.search(answer.text)[1]


@pytest.mark.spec("RFC 9110", "10.2.3")
@pytest.mark.parametrize(("how", "seconds"), [("busy", "7"), ("throttled", "31")])
def test_whoever_may_come_again_is_told_when(client, how, seconds):
    assert client.get(f"/fail/{how}").headers["Retry-After"] == seconds


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("busy", 503, "temporarily_unavailable"),
        ("throttled", 429, "temporarily_unavailable"),
        ("bug", 500, "server_error"),
        ("odd", 400, "invalid_request"),
    ],
)
def test_an_oauth_endpoint_answers_in_the_json_of_oauth(client, how, status, code):
    answer = client.post("/token", data={"fail": how})
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert answer.json["error"] == code
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", answer.json["error_description"])
    assert "secret inside" not in answer.text


@pytest.mark.spec("RFC 9110", "15.5.6")
def test_a_method_that_is_not_there_is_405_with_those_that_are(client):
    answer = client.get("/token")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.json["error"] == "invalid_request"


@pytest.mark.spec("RFC 9457", "3")
@pytest.mark.parametrize("path", ["/api/users", "/.well-known/nothing", "/nowhere"])
def test_an_unknown_machine_path_is_a_problem_document(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 404
    assert answer.json["reference"]


def test_a_browser_at_an_unknown_path_gets_a_page(client):
    answer = client.get("/nowhere", headers=HTML)
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert REFERENCE.search(answer.text)


def test_a_page_is_in_the_language_of_its_reader(client):
    assert '<html lang="' in client.get("/fail/odd", headers={"Accept-Language": "de"}).text


def test_a_page_that_cannot_be_made_is_replaced_by_a_plain_one(app, logged):
    @app.context_processor
    def broken():
        raise OperationalError("SELECT", {}, Exception("gone"))

    answer = app.test_client().get("/fail/odd")
    assert answer.status_code == 400
    assert REFERENCE.search(answer.text)
    assert "That was refused." in answer.text
    assert logged.of("error_page.failed")


def test_a_description_cannot_become_markup(app, monkeypatch):
    @app.get("/markup")
    def markup():
        from app.core.errors import NotFoundError

        raise NotFoundError("<script>alert(1)</script>")

    def refuse(*_, **__):
        raise RuntimeError("no templates today")

    assert "<script>alert" not in app.test_client().get("/markup").text
    monkeypatch.setattr("app.web.errors.render_template", refuse)
    assert "<script>alert" not in app.test_client().get("/markup").text


@pytest.mark.parametrize(
    "kind",
    [
        sqlite3.OperationalError,
        psycopg.errors.LockNotAvailable,
        psycopg.errors.DiskFull,
        psycopg.errors.TooManyConnections,
        psycopg.errors.ReadOnlySqlTransaction,
    ],
)
def test_a_database_that_cannot_serve_is_503(app, kind, logged):
    reason = kind("no")

    @app.get("/database")
    def database():
        raise OperationalError("UPDATE users SET name=:n", {"n": "private"}, reason)

    answer = app.test_client().get("/database")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert logged.of("request.unavailable")


def test_a_mistake_in_a_statement_is_ours_and_its_parameters_stay_unsaid(app, logged):
    @app.get("/mistake")
    def mistake():
        raise IntegrityError("INSERT", {"name": "private-name"}, Exception("violated"))

    assert app.test_client().get("/mistake").status_code == 500
    (line,) = logged.of("request.failed")
    assert "private-name" not in str(line["exc_info"])


@pytest.mark.parametrize("path", ["//page", "/page/", "/./page", "/%70age/", "/page%00", "/%ff%fe"])
def test_no_spelling_of_a_path_becomes_a_redirect_to_a_host_of_the_callers_choice(client, path):
    answer = client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in answer.text + str(answer.headers)


MALFORMED = [
    {"path": "/page", "query_string": "%zz=%&%ff=%fe&=&&target=%"},
    {"path": "/page", "query_string": "target=http%3A%2F%2F%5B"},
    {"path": "/%zz"},
    {"path": "/form", "method": "POST", "data": b"\xff\xfe=\x00&%=%zz",
     "content_type": "application/x-www-form-urlencoded"},
    {"path": "/form", "method": "POST", "data": b"x", "content_type": "multipart/form-data"},
    {"path": "/form", "method": "POST", "data": b"--x", "content_type": "multipart/form-data; boundary=\xff"},
    {"path": "/form", "method": "POST", "data": b"{", "content_type": "application/json"},
    {"path": "/form", "method": "POST", "data": b"a=b", "content_type": "text/plain; charset=nonsense"},
    {"path": "/token", "method": "POST", "data": b"a=b", "content_type": ";;;"},
    {"path": "/page", "headers": {"Host": "a b/c:d"}},
    {"path": "/page", "headers": {"Host": "ex\xe4mple..xn--"}},
    {"path": "/page", "headers": {"Host": ":::::"}},
    {"path": "/page", "headers": {"Host": ""}},
    {"path": "/page", "headers": {"Cookie": "\xff=\xfe; ;;; session=%zz"}},
    {"path": "/page", "headers": {"Accept-Language": "\xff;q=9;;,,*"}},
    {"path": "/fail/odd", "headers": {"Accept-Language": "de-x-\xff, zz;q=nan"}},
    {"path": "/nowhere", "headers": {"Accept": "\xff/;q="}},
    {"path": "/page", "headers": {"Content-Length": "-5"}},
    {"path": "/form", "method": "POST", "headers": {"Content-Length": "many"}},
    {"path": "/page", "method": "TRACE"},
    {"path": "/token", "method": "TRACE"},
    {"path": "/page", "method": "BREW"},
    {"path": "/userinfo", "headers": {"Authorization": "Bearer \xff\x80"}},
    {"path": "/metrics", "headers": {"Authorization": "Bearer \xff\x80"}},
    {"path": "/.well-known/jwks.json", "headers": {"If-None-Match": "\xff", "Accept-Encoding": "\xff"}},
    {"path": "/page", "headers": {"X-Forwarded-For": "\xff, ,", "X-Request-Id": "\xff" * 20}},
]  # fmt: skip


@pytest.mark.parametrize("request_", MALFORMED, ids=lambda r: f"{r['path']}-{list(r.items())[-1]}")
def test_malformed_input_is_never_a_failure_of_ours(client, request_):
    assert client.open(**request_).status_code < 500


@pytest.mark.parametrize("path", ["/page", "/token", "/.well-known/jwks.json"])
def test_trace_is_not_answered(client, path):
    assert client.open(path, method="TRACE").status_code == 405
