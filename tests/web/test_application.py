"""An answer leaves as Flask would send it, only sooner."""

import pytest
from flask import Response
from werkzeug.test import EnvironBuilder

from app.web.application import Answer, Application


def _sent(answer, method="GET"):
    begun = []
    body = b"".join(
        answer(EnvironBuilder(method=method).get_environ(), lambda *said: begun.append(said))
    )
    status, headers = begun[0]
    return status, sorted(headers), body


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        ("", 200, {}),
        ("some text, \N{SNOWMAN}", 400, {"Retry-After": "2"}),
        (b"bytes", 503, {"Content-Length": "5"}),
        (["in ", "pieces"], 200, {"Set-Cookie": "a=b"}),
        ("", 204, {}),
        ("", 304, {"ETag": '"x"', "Content-Type": "text/plain"}),
        ("go", 303, {"Location": "https://app.example/back?code=1"}),
        ("go", 303, {"Location": "/login?request=abc"}),
        ("go", 303, {"Location": "https://app.example/\N{SNOWMAN}"}),
    ],
)
def test_it_is_what_flask_would_have_sent(method, body, status, headers):
    assert _sent(Answer(body, status, headers), method) == _sent(
        Response(body, status, headers), method
    )


def test_a_body_that_comes_in_time_is_not_waited_for():
    taken = []

    def pieces():
        for number in range(3):
            taken.append(number)
            yield str(number).encode()

    began = Answer(pieces())(EnvironBuilder().get_environ(), lambda *_: None)
    assert taken == []
    assert b"".join(began) == b"012"


def test_what_waits_for_the_end_of_an_answer_is_told():
    told = []
    answer = Answer("x")
    answer.call_on_close(lambda: told.append(True))
    sent = answer(EnvironBuilder().get_environ(), lambda *_: None)
    assert told == []
    sent.close()
    assert told == [True]


@pytest.mark.spec("RFC 9110", "13.1.1")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_state_that_is_not_wanted_is_not_sent(method):
    environ = EnvironBuilder(method=method, headers={"If-Match": '"other"'}).get_environ()
    answer = Answer("the present state", headers={"Cache-Control": "max-age=300"})
    answer.add_etag()
    answer.make_conditional(environ)
    status, headers, body = _sent(answer, method)
    assert (status, body) == ("412 PRECONDITION FAILED", b"")
    assert {name: value for name, value in headers if name not in {"Date", "Content-Type"}} == {
        "Content-Length": "0",
        "Cache-Control": "no-store",
    }


def test_a_file_that_is_not_wanted_is_closed_and_not_sent(tmp_path):
    (tmp_path / "style.css").write_text("body {}")
    app = Application(__name__, static_folder=str(tmp_path), static_url_path="/static")
    refused = app.test_client().get("/static/style.css", headers={"If-Match": '"other"'})
    assert (refused.status_code, refused.data) == (412, b"")
    assert "ETag" not in refused.headers
    with app.test_client().get("/static/style.css") as sent:
        assert sent.data == b"body {}"


def test_every_answer_of_the_application_is_one():
    app = Application(__name__)
    app.add_url_rule("/", view_func=lambda: "hello")
    with app.test_request_context("/"):
        assert isinstance(app.full_dispatch_request(), Answer)
