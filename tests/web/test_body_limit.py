"""How much a request may bring."""

from io import BytesIO

import pytest

LIMIT = 4096
FORM = {"content_type": "application/x-www-form-urlencoded"}


@pytest.fixture
def client(make_edge_app):
    return make_edge_app(MAX_BODY_BYTES=str(LIMIT)).test_client()


class Chunks:
    """A body that arrives in parts and whose size nobody knows."""

    def __init__(self, body):
        self.left = BytesIO(body)
        self.taken = 0

    def read(self, size=-1):
        part = self.left.read(min(size, 1000) if size >= 0 else 1000)
        self.taken += len(part)
        return part


def send_chunked(client, path, body):
    stream = Chunks(body)
    overrides = {"wsgi.input": stream, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    headers = {"Transfer-Encoding": "chunked"}
    return client.post(path, headers=headers, environ_overrides=overrides, **FORM), stream


def form_of(size):
    return b"a=" + b"x" * (size - 2)


@pytest.mark.spec("RFC 9110", "15.5.14")
@pytest.mark.parametrize("path", ["/form", "/token"])
def test_a_body_above_the_limit_is_413(client, path):
    assert client.post(path, data=form_of(LIMIT), **FORM).status_code == 200
    assert client.post(path, data=form_of(LIMIT + 1), **FORM).status_code == 413


@pytest.mark.spec("RFC 9112", "7.1")
@pytest.mark.parametrize("path", ["/form", "/token"])
def test_a_body_of_unknown_size_above_the_limit_is_413_and_not_cut(client, path):
    assert send_chunked(client, path, form_of(LIMIT))[0].status_code == 200
    assert send_chunked(client, path, form_of(LIMIT + 1))[0].status_code == 413


def test_of_an_endless_body_no_more_is_read_than_needed(client):
    answer, stream = send_chunked(client, "/form", form_of(1_000_000))
    assert answer.status_code == 413
    assert stream.taken == LIMIT + 1


def test_a_body_of_unknown_size_reaches_the_view_whole(client):
    answer, _ = send_chunked(client, "/form", b"a=1&b=" + b"x" * 3000 + b"&c=3")
    assert answer.json == {"fields": 3}


def test_the_body_of_a_request_that_has_none_is_not_waited_for(client):
    class Silent:
        def read(self, *_):
            raise AssertionError("nobody asked")

    overrides = {"wsgi.input": Silent(), "wsgi.input_terminated": True}
    assert client.get("/page", environ_overrides=overrides).status_code == 200


@pytest.mark.spec("RFC 6749", "5.2")
def test_an_oauth_endpoint_says_so_in_the_json_of_oauth(client):
    answer = client.post("/token", data=form_of(LIMIT + 1), **FORM)
    assert answer.json["error"] == "invalid_request"


@pytest.mark.spec("RFC 9112", "8")
@pytest.mark.parametrize("path", ["/form", "/token"])
def test_half_a_body_is_refused_and_never_taken_for_the_whole(client, path):
    overrides = {
        "wsgi.input": BytesIO(b"a=1&b=2"),
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "100",
    }
    assert client.post(path, environ_overrides=overrides, **FORM).status_code == 400
