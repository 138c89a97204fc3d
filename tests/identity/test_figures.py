"""What operators are told about sign-ins, and about the hashing they wait for."""

import threading

import pytest

from app.core import metrics
from app.core.db import db
from app.core.errors import UnavailableError
from app.identity import authentication, users
from app.identity.authentication import InvalidCredentialsError
from app.identity.hash_slots import Slots
from app.identity.users import NewUser
from app.throttle.counters import ThrottledError
from tests.identity.installation import NOW, installed, with_settings

GOOD = "rare words, many of them"


@pytest.fixture
def counted(monkeypatch):
    """The attempts to sign in, by outcome."""
    outcomes = []
    monkeypatch.setattr(metrics, "sign_in", outcomes.append)
    return outcomes


@pytest.fixture
def hashing(monkeypatch):
    """How many passwords are hashed and how many wait, now and at most."""
    now, most = {"running": 0, "waiting": 0}, {"running": 0, "waiting": 0}

    def change(state, by):
        now[state] += by
        most[state] = max(most[state], now[state])

    monkeypatch.setattr(metrics, "password_hashes", change)
    return now, most


def attempt(password):
    try:
        authentication.with_password("ada", password, device=None, now=NOW)
    except (InvalidCredentialsError, ThrottledError, UnavailableError):
        pass
    finally:
        db.session.commit()


def test_every_attempt_is_counted_once_by_its_outcome(tmp_path, counted):
    with installed(tmp_path) as app, app.app_context():
        users.create(NewUser("ada", password=GOOD), now=NOW)
        with_settings(app, "passwords", free_attempts=1)
        for password in (GOOD, "wrong", "wrong", "wrong", GOOD):
            attempt(password)
    assert counted == ["success", "refused", "refused", "throttled", "throttled"]


def test_an_attempt_that_was_not_evaluated_for_want_of_time_is_no_refusal(
    tmp_path, counted, monkeypatch
):
    def busy():
        raise UnavailableError

    with installed(tmp_path) as app, app.app_context():
        monkeypatch.setattr("app.identity.passwords.slot", busy)
        attempt(GOOD)
    assert counted == []


def test_who_runs_and_who_waits_is_counted_and_nobody_is_left_over(hashing):
    now, most = hashing
    slots, inside, leave = Slots(1, 1), threading.Event(), threading.Event()

    def work():
        with slots.one(wait=30):
            inside.set()
            leave.wait(30)

    first = threading.Thread(target=work)
    first.start()
    assert inside.wait(30)
    with pytest.raises(UnavailableError), slots.one(wait=0.01):
        pass
    assert now == {"running": 1, "waiting": 0}
    leave.set()
    first.join(30)
    with pytest.raises(RuntimeError), slots.one(wait=0.01):
        raise RuntimeError
    assert now == {"running": 0, "waiting": 0}
    assert most == {"running": 1, "waiting": 1}
