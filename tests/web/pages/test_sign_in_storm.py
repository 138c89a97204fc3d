"""More people sign in at once than passwords can be hashed: what they and everybody else are answered.

The requests are worked off by as many threads as a worker has, first come, first served; the hasher is at
it until the test lets it go. So whatever is answered meanwhile waited for no password.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.clients import registry
from app.clients.client import Registration
from app.identity import argon2id, hash_slots
from tests.web.pages.visitor import read

PATIENCE = 60
THREADS, AT_ONCE, WAITING = 8, 2, 2
CROWD = 20


class BlockedHasher:
    """It finds every password wrong, once it is let go."""

    def __init__(self):
        self.go = threading.Event()
        self.lock = threading.Lock()
        self.running = self.most = 0

    def matches(self, _stored, _password):
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        assert self.go.wait(PATIENCE)
        with self.lock:
            self.running -= 1
        return False


@pytest.fixture
def app(make_app):
    return make_app(
        MAX_CONCURRENT_HASHES=str(AT_ONCE),
        MAX_WAITING_HASHES=str(WAITING),
        MAX_HASH_WAIT="30s",
    )


@pytest.fixture
def hasher(monkeypatch):
    blocked = BlockedHasher()
    monkeypatch.setattr(argon2id, "matches", blocked.matches)
    yield blocked
    blocked.go.set()


@pytest.fixture
def workers(hasher):
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool
        # Whatever became of the test, nobody may be left waiting.
        hasher.go.set()


@pytest.fixture
def machine(change):
    registration = Registration(client_name="Machine", grant_types=("client_credentials",))
    return change(registry.register, registration)


@pytest.fixture
def crowd(make_browser, workers):
    """Return a function that lets everybody send their password at once."""
    browsers = [make_browser() for _ in range(CROWD)]
    tokens = [browser.token("/login") for browser in browsers]

    def send(number):
        fields = {
            "username": f"nobody-{number}",
            "password": "a guess of mine",
            "csrf_token": tokens[number],
        }
        return browsers[number].post("/login", fields)

    return lambda: [workers.submit(send, number) for number in range(CROWD)]


def settled(storm):
    """Return the answers of those who found no place, once everybody else hashes or waits for it."""
    slots = hash_slots._made
    end = time.monotonic() + PATIENCE
    while sum(each.done() for each in storm) < CROWD - AT_ONCE - WAITING or not (
        (AT_ONCE, WAITING) in slots and len(slots[AT_ONCE, WAITING]._waiting) == WAITING
    ):
        assert time.monotonic() < end, "somebody who had no place was not sent away"
        time.sleep(0.01)
    return [each.result() for each in storm if each.done()]


@pytest.mark.spec("RFC 9110", "15.6.4")
def test_who_finds_no_place_is_told_at_once_when_to_come_again(crowd, hasher):
    answers = settled(crowd())
    assert [answer.status_code for answer in answers] == [503] * (CROWD - AT_ONCE - WAITING)
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
    assert not hasher.go.is_set()


def test_who_finds_no_place_is_told_so_in_their_language_in_a_page_of_the_product(
    crowd, app, browser
):
    settled(crowd())
    answer = browser.post("/login", {}, **{"Accept-Language": "de"})
    assert answer.status_code == 503
    assert read(answer).lang == "de"
    assert "error-reference" in read(answer).elements
    assert app.test_client().get("/login").status_code == 200


def test_tokens_and_keys_are_answered_while_every_slot_hashes(app, crowd, hasher, workers, machine):
    storm = crowd()
    client, secret = machine
    form = {"grant_type": "client_credentials"}

    def token():
        return app.test_client().post("/token", data=form, auth=(client.client_id, secret))

    def keys():
        return app.test_client().get("/.well-known/jwks.json")

    # In line behind the whole crowd.
    asked = [workers.submit(ask) for ask in (token, keys) * 5]
    assert [each.result(PATIENCE).status_code for each in asked] == [200] * len(asked)
    settled(storm)
    assert hasher.running == AT_ONCE
    assert not hasher.go.is_set()


def test_who_has_a_place_is_answered_and_no_more_hash_at_once_than_may(crowd, hasher):
    storm = crowd()
    settled(storm)
    hasher.go.set()
    statuses = sorted(each.result(PATIENCE).status_code for each in storm)
    assert statuses == [400] * (AT_ONCE + WAITING) + [503] * (CROWD - AT_ONCE - WAITING)
    assert hasher.most == AT_ONCE
