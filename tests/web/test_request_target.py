"""A request target has one spelling, so that no rule of a proxy can be walked around."""

from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask, request

from app.web import request_target
from tests.hostile.wire import Answer, Sent, deliver


@pytest.fixture
def app() -> Flask:
    made = Flask("target")

    @made.get("/here")
    def here() -> bytes:
        return request.query_string

    request_target.install(made)
    return made


def _asked(app: Flask, path: str, query: bytes = b"", method: str = "GET") -> Answer:
    return deliver(app, Sent(method, path, query))


@pytest.mark.parametrize("path", ["//here", "///here", "/%2fhere", "%2f/here"])
def test_more_than_one_slash_at_the_beginning_is_no_address(app, path):
    answer = _asked(app, path)
    assert (answer.status, answer.media_type) == (404, "application/problem+json")
    assert answer.get("cache-control") == "no-store"
    assert not _asked(app, path, method="HEAD").body


def test_one_slash_is(app):
    assert _asked(app, "/here").status == 200


@pytest.mark.spec("RFC 3986", "2")
@pytest.mark.parametrize("query", [b"a=\xff\xfe", "a=é".encode(), b"\x80=%ff&b=%zz&c=+d"])
def test_raw_bytes_in_a_query_are_encoded_and_nothing_else_is(app, query):
    seen = _asked(app, "/here", query).body
    assert seen.isascii()
    assert unquote_to_bytes(seen) == unquote_to_bytes(query)


def test_a_query_of_ascii_is_left_as_it_is(app):
    query = b'a=%2F&b=c+d&e=%zz;[]"<>^`{|}\\ '
    assert _asked(app, "/here", query).body == query
