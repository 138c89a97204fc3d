"""More people send a password at once than may: what the rest is told, and what it costs nobody else.

The view that signs people in is at it until the test lets it go, so whoever is answered meanwhile had no place.
"""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import metrics
from app.web import errors, sign_in_gate

PATIENCE = 30
AT_ONCE, WAITING = 1, 2
REFERENCE = re.compile(r'id="error-reference">([2-9B-Z]{4}-[2-9B-Z]{4})<')


class Desk:
    """A view that signs people in once it is told to, or fails at it."""

    def __init__(self):
        self.inside = threading.Semaphore(0)
        self.go = threading.Event()
        self.fails = False
        self.calls = 0

    def __call__(self):
        self.calls += 1
        self.inside.release()
        assert self.go.wait(PATIENCE)
        if self.fails:
            raise ZeroDivisionError
        return "<!doctype html><title>signed in</title>"


@pytest.fixture
def make_gated(make_edge_app):
    def make(**environment):
        bounds = {"MAX_CONCURRENT_HASHES": str(AT_ONCE), "MAX_WAITING_HASHES": str(WAITING)}
        app = make_edge_app(**{**bounds, **environment})
        desk = Desk()
        app.add_url_rule("/login", "desk", desk, methods=["POST"])
        return app, desk

    return make


@pytest.fixture
def fill():
    """Return a function that takes every place, and one that lets them all go again."""
    with ThreadPoolExecutor(AT_ONCE + WAITING) as pool:
        desks = []

        def taken(app, desk):
            desks.append(desk)
            sent = [pool.submit(app.test_client().post, "/login") for _ in range(AT_ONCE + WAITING)]
            for _ in sent:
                assert desk.inside.acquire(timeout=PATIENCE)
            return lambda: (desk.go.set(), [each.result(PATIENCE) for each in sent])[1]

        yield taken
        for desk in desks:
            desk.go.set()


@pytest.fixture
def full(logged, make_gated, fill):
    """Return a full application, its view and what lets it go; the log is watched from the start."""
    app, desk = make_gated()
    return app, desk, fill(app, desk)


def shown(answer):
    return REFERENCE.search(answer.text)[1]


@pytest.mark.spec("RFC 9110", "15.6.4")
@pytest.mark.spec("ASVS 5.0", "15.2.2")
def test_whoever_finds_no_place_is_told_when_to_come_again_without_a_view(full):
    app, desk, _ = full
    answer = app.test_client().post("/login", data={"username": "ada", "password": "a guess"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"
    assert answer.content_type == "text/html; charset=utf-8"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert "<h1>Busy at the moment</h1>" in answer.text
    assert "Connection" not in answer.headers
    assert desk.calls == AT_ONCE + WAITING


@pytest.mark.spec("RFC 9110", "10.2.3")
@pytest.mark.parametrize(("wait", "seconds"), [("50ms", "1"), ("1500ms", "2"), ("30s", "30")])
def test_whole_seconds_are_asked_for_and_at_least_one(make_gated, fill, wait, seconds):
    app, desk = make_gated(MAX_HASH_WAIT=wait)
    fill(app, desk)
    assert app.test_client().post("/login").headers["Retry-After"] == seconds


def test_the_refusal_has_the_headers_of_every_page_once(full):
    app, _, _ = full
    answer = app.test_client().post("/login")
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    names = [name for name, _ in answer.headers]
    assert len(names) == len(set(names))


def test_the_refusal_is_the_page_that_every_other_refusal_is(full):
    app, _, _ = full
    answer = app.test_client().post("/login")
    with app.test_request_context("/login", method="POST"):
        other = errors.page(errors.Refusal(503, reference=shown(answer)))
    assert answer.text == other


def test_each_refusal_has_a_reference_of_its_own_which_the_log_has_beside_the_request(full, logged):
    app, _, _ = full
    answers = [app.test_client().post("/login") for _ in range(4)]
    references = [shown(answer) for answer in answers]
    assert len(set(references)) == 4
    lines = logged.of("request.unavailable")
    assert [line["reference"] for line in lines] == references
    assert {line["status"] for line in lines} == {503}
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 4
    assert [line["status"] for line in logged.of("request") if line["path"] == "/login"] == [
        503
    ] * 4


def test_a_reference_is_shown_as_text_whatever_it_is(full, monkeypatch):
    app, _, _ = full
    monkeypatch.setattr(sign_in_gate, "reference", lambda: "<b>&")
    assert 'id="error-reference">&lt;b&gt;&amp;<' in app.test_client().post("/login").text


@pytest.mark.parametrize(
    ("accepted", "title"),
    [
        ("de-AT,en;q=0.5", "Im Moment überlastet"),
        ("en-GB,de;q=0.5", "Busy at the moment"),
        ("fr, de;q=0", "Busy at the moment"),
        ("\xff;q=x,,;", "Busy at the moment"),
    ],
)
def test_the_refusal_speaks_the_language_of_the_browser(full, accepted, title):
    app, _, _ = full
    # Twice: the second is the page that was kept.
    for _ in range(2):
        answer = app.test_client().post("/login", headers={"Accept-Language": accepted})
        assert f"<h1>{title}</h1>" in answer.text


def test_without_a_wish_the_refusal_speaks_the_language_of_the_settings(make_gated, fill):
    app, desk = make_gated(DEFAULT_LANGUAGE="de")
    fill(app, desk)
    assert "<h1>Im Moment überlastet</h1>" in app.test_client().post("/login").text


def test_a_page_is_made_once_for_each_language(full, monkeypatch):
    app, _, _ = full
    made = []
    page = errors.page
    monkeypatch.setattr(errors, "page", lambda refusal: made.append(refusal) or page(refusal))
    for accepted in ("de", "fr", "de-CH", "en-US", "xx"):
        app.test_client().post("/login", headers={"Accept-Language": accepted})
    assert len(made) == 2


def test_a_full_gate_stops_nothing_but_the_sending_of_passwords(full):
    app, _, _ = full
    client = app.test_client()
    assert client.get("/login").status_code == 200
    assert client.post("/token").status_code == 200
    assert client.post("/form").status_code == 200
    assert client.get("/page").status_code == 200
    assert client.get("/.well-known/jwks.json").status_code == 200
    assert client.post("/login/").status_code == 404


@pytest.mark.parametrize(("fails", "status"), [(False, 200), (True, 500)])
def test_a_place_is_given_back_however_the_view_ends(full, fails, status):
    app, desk, let_go = full
    desk.fails = fails
    assert app.test_client().post("/login").status_code == 503
    assert [answer.status_code for answer in let_go()] == [status] * (AT_ONCE + WAITING)
    again = [app.test_client().post("/login").status_code for _ in range(AT_ONCE + WAITING + 1)]
    assert again == [status] * (AT_ONCE + WAITING + 1)


def test_a_place_is_given_back_when_what_is_behind_the_gate_raises(make_gated, monkeypatch):
    app, _ = make_gated()

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(app, "full_dispatch_request", broken)
    monkeypatch.setattr(app, "handle_exception", broken)
    for _ in range(AT_ONCE + WAITING + 1):
        with pytest.raises(ZeroDivisionError):
            app.test_client().post("/login")


def test_a_refusal_is_counted_with_the_sign_ins(full, monkeypatch):
    app, _, _ = full
    counted = []
    monkeypatch.setattr(metrics, "request", lambda *a, **k: counted.append((*a, k["status"])))
    app.test_client().post("/login")
    assert counted == [("interaction_login.login", 503)]
