"""Answers from memory: as fresh as a second, and there when the database is not."""

import gzip
from threading import Event, Thread

import pytest

from app.web import constant_answers
from app.web.conditional import Content
from app.web.constant_answers import _Frame, _Watched, in_front

PATH = "/resource"
PATIENCE = 30


class Source:
    """A resource that changes, fails and hangs as it is told."""

    def __init__(self):
        self.content = Content(b'{"n":1}' * 50, 60)
        self.error = None
        self.loads = 0
        self.gate = None
        self.asked = Event()

    def load(self):
        self.loads += 1
        self.asked.set()
        if self.gate is not None:
            self.gate.wait(5)
        if self.error is not None:
            raise self.error
        return self.content


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def time(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(constant_answers, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def fetch(app, source, logged):
    frame = _Frame(app.extensions["signet.settings"])
    answering = in_front(None, {PATH: _Watched(source.load, frame)}, frame)

    def get(method="GET", **headers):
        environ = {"PATH_INFO": PATH, "REQUEST_METHOD": method, **headers}
        started = []
        body = b"".join(answering(environ, lambda *given: started.extend(given)))
        return started[0], dict(started[1]), body

    return get


def test_a_change_is_in_force_within_a_second(fetch, source, time):
    assert fetch()[2] == source.content.body
    source.content = Content(b'{"n":2}', 60)
    time[0] += 0.95
    assert fetch()[2] == b'{"n":2}'


def test_the_source_is_asked_at_most_twice_a_second(fetch, source, time):
    for _ in range(44):
        fetch()
        time[0] += 0.01
    assert source.loads == 1


def test_while_the_bytes_are_young_nobody_waits_for_newer_ones(fetch, source, time, monkeypatch):
    known = fetch()[2]
    source.content = Content(b'{"n":2}', 60)
    source.gate = Event()
    looked = Event()
    monkeypatch.setattr(constant_answers._Watched, "_look", notify(looked))
    monkeypatch.setattr(constant_answers, "_PATIENCE", PATIENCE)
    source.asked.clear()
    time[0] += 0.5
    # Whoever waited would wait for the gate, which opens only below.
    assert fetch()[2] == known
    assert source.asked.wait(PATIENCE)
    source.gate.set()
    assert looked.wait(PATIENCE)
    assert fetch()[2] == b'{"n":2}'


def test_after_a_fork_somebody_looks_again(fetch, source, time, monkeypatch):
    fetch()
    # What a fork leaves of a thread that was running.
    monkeypatch.setattr(constant_answers.Thread, "is_alive", lambda _: False)
    source.content = Content(b'{"n":2}', 60)
    time[0] += 2
    assert fetch()[2] == b'{"n":2}'


def notify(looked):
    look = constant_answers._Watched._look

    def looking(self):
        look(self)
        looked.set()

    return looking


def test_without_the_source_the_last_known_bytes_are_served(fetch, source, time, logged):
    known = fetch()
    source.error = RuntimeError("database is gone")
    for _ in range(3):
        time[0] += 2
        assert fetch() == known
    assert len(logged.of("constant_answer.stale")) == 1


def test_the_source_is_found_again_after_a_failure(fetch, source, time):
    fetch()
    source.error = RuntimeError("gone")
    time[0] += 2
    fetch()
    source.error = None
    source.content = Content(b'{"n":2}', 60)
    time[0] += 2
    assert fetch()[2] == b'{"n":2}'


def test_without_anything_known_the_answer_is_503(fetch, source, time):
    source.error = RuntimeError("gone")
    status, headers, _ = fetch()
    assert status == "503 Service Unavailable"
    assert headers["Retry-After"] == "2"
    assert headers["Cache-Control"] == "no-store"


def test_a_source_that_hangs_does_not_hang_the_answers(fetch, source, time, monkeypatch):
    monkeypatch.setattr(constant_answers, "_PATIENCE", 0.01)
    known = fetch()
    source.gate = Event()
    time[0] += 2
    try:
        for _ in range(20):
            assert fetch() == known
        assert source.loads == 2
    finally:
        source.gate.set()


def test_many_who_find_nothing_yet_share_one_look(fetch, source):
    source.gate = Event()
    answers = []
    threads = [Thread(target=lambda: answers.append(fetch()[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    source.gate.set()
    for thread in threads:
        thread.join()
    assert answers == ["200 OK"] * 8
    assert source.loads == 1


@pytest.mark.spec("RFC 9110", "8.8.3.3")
def test_each_coding_has_its_own_tag_and_its_own_condition(fetch, source):
    _, plain, body = fetch()
    _, packed, gzipped = fetch(HTTP_ACCEPT_ENCODING="gzip")
    assert gzip.decompress(gzipped) == body == source.content.body
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert plain["ETag"] != packed["ETag"]
    assert len(gzipped) == int(packed["Content-Length"]) < int(plain["Content-Length"])
    known = {"HTTP_IF_NONE_MATCH": packed["ETag"]}
    assert fetch(HTTP_ACCEPT_ENCODING="gzip", **known)[0] == "304 Not Modified"
    assert fetch(**known)[0] == "200 OK"


@pytest.mark.spec("RFC 9110", "15.4.5")
def test_an_unchanged_answer_has_its_headers_and_no_body(fetch):
    _, full, _ = fetch()
    status, headers, body = fetch(HTTP_IF_NONE_MATCH=full["ETag"])
    assert (status, body) == ("304 Not Modified", b"")
    for name in ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin"):
        assert headers[name] == full[name]
    assert "Content-Type" not in headers


@pytest.mark.spec("RFC 9110", "13.1.1")
def test_a_condition_for_another_state_is_412(fetch):
    _, full, _ = fetch()
    assert fetch(HTTP_IF_MATCH='"other"')[0] == "412 Precondition Failed"
    assert fetch(HTTP_IF_MATCH=full["ETag"])[0] == "200 OK"


def test_a_server_that_changes_the_headers_changes_only_its_own(app, source):
    frame = _Frame(app.extensions["signet.settings"])
    answering = in_front(None, {PATH: _Watched(source.load, frame)}, frame)
    for accepts in ("gzip", "identity"):
        sizes = set()
        for _ in range(3):
            taken = []
            environ = {
                "PATH_INFO": PATH, "REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": accepts,
            }  # fmt: skip
            answering(environ, lambda _, headers, taken=taken: taken.append(headers))
            sizes.add(len(taken[0]))
            taken[0].append(("Server", "x"))
        assert len(sizes) == 1
