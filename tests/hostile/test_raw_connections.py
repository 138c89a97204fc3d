"""Bytes that are no HTTP, or nearly, sent to a running server: it says no, and goes on serving everybody else."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests

from tests.support import databases
from tests.support.server import Server

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("raw connections")]
_HOST = b"Host: 127.0.0.1\r\n"
_FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_QUIET = 2.0


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    with databases.fresh(databases.SQLITE) as database:
        folder = tmp_path_factory.mktemp("raw")
        settings = {"SIGNET_LOG_LEVEL": "debug", "SIGNET_SIGNING_ALGORITHMS": "RS256"}
        started = Server(folder, database, settings=settings).start()
        try:
            yield started
            started.stop()
        finally:
            started.kill_if_running()


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        yield connection


def said(server: Server, sent: bytes) -> tuple[list[int], bytes]:
    """Send ``sent`` and return the statuses and everything that came back."""
    with connected(server) as connection:
        received = b""
        try:
            connection.sendall(sent)
            received += _heard(connection, first=1.5)
            # Perhaps it waits for more. Hanging up earlier would cost the answer.
            connection.shutdown(socket.SHUT_WR)
            received += _heard(connection, first=5)
        except OSError:
            pass  # it hung up on us, which is an answer
        return [int(each) for each in _STATUS.findall(received)], received


def _heard(connection: socket.socket, *, first: float) -> bytes:
    received = b""
    connection.settimeout(first)
    with suppress(TimeoutError):
        while more := connection.recv(65536):
            received += more
            connection.settimeout(0.25)
    return received


def get(extra: bytes = b"", line: bytes = b"GET /healthz HTTP/1.1") -> bytes:
    return line + b"\r\n" + _HOST + extra + b"\r\n"


def post(extra: bytes, body: bytes) -> bytes:
    return b"POST /token HTTP/1.1\r\n" + _HOST + _FORM + extra + b"\r\n" + body


def assert_serves(server: Server) -> None:
    assert requests.get(server.url("/healthz"), timeout=5).status_code == 200
    assert requests.get(server.url("/.well-known/jwks.json"), timeout=5).status_code == 200


MALFORMED = {
    "noise": b"\x00\xff" * 500 + b"\r\n\r\n",
    "no request line": b"\r\n\r\n\r\n",
    "two words": b"GET /healthz\r\n\r\n",
    "four words": get(line=b"GET /healthz x HTTP/1.1"),
    "HTTP/0.9": b"GET /healthz\r\n",
    "HTTP/3": get(line=b"GET /healthz HTTP/3.0"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "a TLS handshake": bytes.fromhex("16030100a5010000a10303") + bytes(40),
    "a control character in the method": get(line=b"G\x01T /healthz HTTP/1.1"),
    "a control character in the target": get(line=b"GET /heal\x01thz HTTP/1.1"),
    "a NUL in the target": get(line=b"GET /healthz\x00 HTTP/1.1"),
    "a target of 80 kB": get(line=b"GET /" + b"a" * 80_000 + b" HTTP/1.1"),
    "a query of 80 kB": get(line=b"GET /login?" + b"a" * 80_000 + b" HTTP/1.1"),
    "a header without a colon": get(b"nothing\r\n"),
    "a folded header": get(b"X-A: a\r\n b\r\n"),
    "a space in a header name": get(b"X A: b\r\n"),
    "a space before the colon": b"POST /token HTTP/1.1\r\n" + _HOST + b"Content-Length : 3\r\n\r\nabc",
    "a NUL in a header": get(b"X-A: a\x00b\r\n"),
    "a bare CR in a header": get(b"X-A: a\rb\r\n"),
    "CR alone": b"GET /healthz HTTP/1.1\rHost: a\r\r",
    "a header of 900 kB": get(b"X-A: " + b"a" * 900_000 + b"\r\n"),
    "1000 headers": get(b"".join(b"X-%d: a\r\n" % number for number in range(1000))),
    "two lengths": post(b"Content-Length: 1\r\nContent-Length: 2\r\n", b"ab"),
    "two lengths in one": post(b"Content-Length: 1, 2\r\n", b"ab"),
    "a negative length": post(b"Content-Length: -1\r\n", b"ab"),
    "a length with a sign": post(b"Content-Length: +5\r\n", b"abcde"),
    "a length in hexadecimal": post(b"Content-Length: 0x2\r\n", b"ab"),
    "an endless length": post(b"Content-Length: " + b"9" * 40 + b"\r\n", b"ab"),
    "an unknown transfer coding": post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
    "chunked, and not at the end": post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"),
    "no chunk size": post(b"Transfer-Encoding: chunked\r\n", b"ZZ\r\nab\r\n0\r\n\r\n"),
    "a negative chunk size": post(b"Transfer-Encoding: chunked\r\n", b"-1\r\nab\r\n0\r\n\r\n"),
    "an endless chunk size": post(b"Transfer-Encoding: chunked\r\n", b"F" * 17 + b"\r\nab\r\n0\r\n\r\n"),
    "a chunk without its end": post(b"Transfer-Encoding: chunked\r\n", b"2\r\nabX\r\n0\r\n\r\n"),
    "a body over the limit": post(b"Content-Length: 70000\r\n", b"a" * 70_000),
    "chunks over the limit": post(b"Transfer-Encoding: chunked\r\n", b"11170\r\n" + b"a" * 70_000 + b"\r\n0\r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_http_is_refused_once_and_hurts_nobody(server, name):
    statuses, received = said(server, MALFORMED[name])
    assert len(statuses) <= 1, received
    assert all(400 <= status < 500 for status in statuses), received
    assert b"Traceback" not in received
    assert_serves(server)


ODD = {
    "an absolute target": get(line=b"GET http://evil.example/healthz HTTP/1.1"),
    "an asterisk": get(line=b"OPTIONS * HTTP/1.1"),
    "CONNECT": get(line=b"CONNECT evil.example:443 HTTP/1.1"),
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "HTTP/1.0": b"GET /healthz HTTP/1.0\r\n\r\n",
    "an upgrade to HTTP/2": get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
    "a websocket": get(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: YQ==\r\nSec-WebSocket-Version: 13\r\n"),
    "bytes that are not ASCII": get(b"X-A: \xff\xfe\xc3\xa9\r\nCookie: \xff=\xff\r\nAuthorization: Basic \xff\r\n"),
    "a target that is not ASCII": get(line=b"GET /caf\xc3\xa9 HTTP/1.1"),
    "a trailer that signs in": post(b"Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n", b"0\r\nAuthorization: x\r\n\r\n"),
    "an unknown expectation": post(b"Expect: 200-ok\r\nContent-Length: 3\r\n", b"a=b"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_unusual_http_is_answered_and_never_fails(server, name):
    statuses, received = said(server, ODD[name])
    assert statuses, f"no answer: {received!r}"
    assert all(100 <= status < 500 for status in statuses), received
    assert_serves(server)


@pytest.mark.spec("RFC 9112", "6.1")
@pytest.mark.parametrize(
    "extra",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 48\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_request_hidden_behind_two_lengths_is_never_answered(server, extra):
    statuses, received = said(server, post(extra, b"0\r\n\r\n" + get()))
    assert len(statuses) == 1, received
    assert 400 <= statuses[0] < 500


def test_a_body_is_never_read_as_the_next_request(server):
    hidden = get()
    body = hidden + b"x" * 9
    request = get(b"Content-Length: %d\r\n" % len(body)) + body
    statuses, received = said(server, request)
    assert len(statuses) == 1, received


def test_pipelined_requests_are_answered_one_for_one_and_in_order(server):
    statuses, _ = said(server, get() + get(line=b"GET /nothing HTTP/1.1") + get())
    assert statuses == [200, 404, 200]


def test_half_a_request_and_a_hang_up_leave_nothing_behind(server):
    whole = post(b"Content-Length: 60\r\n", b"grant_type=client_credentials")
    for cut in range(1, len(whole), 7):
        with connected(server) as connection:
            connection.sendall(whole[:cut])
    assert_serves(server)


@pytest.mark.spec("RFC 9112", "8")
def test_half_a_body_is_not_taken_for_the_whole(server):
    statuses, received = said(
        server, post(b"Content-Length: 500\r\n", b"grant_type=client_credentials")
    )
    assert all(status == 400 for status in statuses), received
    assert b"grant_type" not in received


def test_a_hundred_connections_that_dribble_their_headers_keep_nobody_waiting(server):
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(server)) for _ in range(100)]
        for connection in slow:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-A: ")
        began = time.monotonic()
        while time.monotonic() - began < _QUIET:
            for connection in slow:
                connection.sendall(b"x")
            asked = time.monotonic()
            assert_serves(server)
            assert time.monotonic() - asked < _QUIET


def test_bodies_that_never_end_take_neither_keys_nor_health_along_and_leave_nobody_waiting(server):
    with ExitStack() as stack:
        for _ in range(64):
            slow = stack.enter_context(connected(server))
            slow.sendall(post(b"Content-Length: 60\r\n", b"grant_type="))
        for _ in range(10):
            assert_serves(server)
            asked = time.monotonic()
            assert requests.get(server.url("/login"), timeout=10).status_code in {200, 503}
            assert time.monotonic() - asked < 2 * _QUIET
    deadline = time.monotonic() + 10
    while requests.get(server.url("/login"), timeout=10).status_code != 200:
        assert time.monotonic() < deadline, "it has not recovered"
        time.sleep(0.1)
