"""A sign-in, and whoever changes the password, disables the person or ends the session meanwhile."""

import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from app.audit import events
from app.core.db import db
from app.identity import authentication, passwords, sessions, users
from app.identity.authentication import Authenticated, InvalidCredentialsError
from app.identity.users import NewUser
from tests.identity.installation import ADDRESS, NOW, as_caller, race, with_settings

GOOD = "rare words, many of them"
NEWER = "other words, none of them here"
# Long enough for a statement that need not wait, short enough to wait for.
A_MOMENT = 0.3
PATIENCE = 30


@pytest.fixture
def ada(app_context):
    person = users.create(NewUser("ada", password=GOOD), now=NOW)
    db.session.commit()
    return person


@pytest.fixture
def session(ada):
    begun, _ = sessions.start(
        Authenticated(ada.id, "acr", ("pwd",), NOW, None), replaces=None, now=NOW
    )
    db.session.commit()
    return begun


def sign_in(password=GOOD):
    return authentication.with_password("ada", password, device=None, now=NOW)


def elsewhere(app, work):
    """Run ``work`` in another transaction, committed when this returns."""
    with beginning_elsewhere(app, work) as ended:
        assert ended.wait(PATIENCE)


@contextmanager
def beginning_elsewhere(app, work):
    """Begin ``work`` in another transaction; yields the event that it is committed."""
    ended = threading.Event()

    def run():
        as_caller(ADDRESS)
        with app.app_context():
            work()
            db.session.commit()
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield ended
    finally:
        thread.join(PATIENCE)


def while_hashing(monkeypatch, work):
    """Let ``work`` happen once, between the check of a password and what comes of it."""
    real = passwords.verify

    def verify(stored, password):
        verdict = real(stored, password)
        monkeypatch.setattr(passwords, "verify", real)
        work()
        return verdict

    monkeypatch.setattr(passwords, "verify", verify)


@pytest.mark.spec("ASVS 5.0", "7.4.3")
def test_a_password_that_is_changed_while_it_is_checked_lets_nobody_in(app, ada, monkeypatch):
    def change():
        users.set_password(ada.id, NEWER, now=NOW)

    while_hashing(monkeypatch, lambda: elsewhere(app, change))
    with pytest.raises(InvalidCredentialsError):
        sign_in()
    [refusal] = events.tail(kind="sign_in.refused")
    assert refusal.user_id == ada.id
    assert sign_in(NEWER).user_id == ada.id


@pytest.mark.spec("ASVS 5.0", "7.4.2")
def test_a_person_who_is_disabled_while_the_password_is_checked_is_not_let_in(
    app, ada, monkeypatch
):
    while_hashing(monkeypatch, lambda: elsewhere(app, lambda: users.disable(ada.id, now=NOW)))
    with pytest.raises(InvalidCredentialsError):
        sign_in()


def test_a_hash_that_is_renewed_while_it_is_checked_keeps_nobody_out(app, ada, monkeypatch):
    with_settings(app, "passwords", argon2_time_cost=2)
    while_hashing(monkeypatch, lambda: elsewhere(app, sign_in))
    assert sign_in().user_id == ada.id
    assert events.tail(kind="sign_in.refused") == []


def test_a_change_that_finds_a_sign_in_on_its_way_waits_and_ends_it(app, ada):
    def change():
        users.set_password(ada.id, NEWER, now=NOW)
        sessions.end_all(ada.id, reason="password_changed", now=NOW)

    proof = sign_in()
    with beginning_elsewhere(app, change) as changed:
        assert not changed.wait(A_MOMENT)
        sessions.start(proof, replaces=None, now=NOW)
        db.session.commit()
        assert changed.wait(PATIENCE)
    assert sessions.of_user(ada.id, now=NOW) == []


def test_no_session_of_an_old_password_outlives_its_change_however_they_meet(app, ada):
    with_settings(app, "passwords", max_waiting_hashes=100)

    def act(number):
        if number == 4:
            users.set_password(ada.id, NEWER, now=NOW)
            return sessions.end_all(ada.id, reason="password_changed", now=NOW)
        return sessions.start(sign_in(), replaces=None, now=NOW)

    results = race(app, 8, act)
    assert not [
        each
        for each in results
        if isinstance(each, Exception) and not isinstance(each, InvalidCredentialsError)
    ]
    assert sessions.of_user(ada.id, now=NOW) == []


def test_who_ends_a_held_session_waits_for_what_is_made_in_its_name(app, session):
    assert sessions.hold(session.id, now=NOW)
    with beginning_elsewhere(
        app, lambda: sessions.end(session.id, reason="sign_out", now=NOW)
    ) as ended:
        assert not ended.wait(A_MOMENT)
        db.session.commit()
        assert ended.wait(PATIENCE)
    assert not sessions.hold(session.id, now=NOW)


def test_who_holds_a_session_that_is_being_ended_waits_and_holds_nothing(app, session):
    held = []
    assert sessions.end(session.id, reason="sign_out", now=NOW)
    with beginning_elsewhere(
        app, lambda: held.append(sessions.hold(session.id, now=NOW))
    ) as decided:
        assert not decided.wait(A_MOMENT)
        db.session.commit()
        assert decided.wait(PATIENCE)
    assert held == [False]


def test_two_renewals_of_one_session_leave_one_with_one_cookie(app, ada, session):
    proof = Authenticated(ada.id, "acr", ("pwd",), NOW, None)
    results = race(app, 6, lambda _: sessions.start(proof, replaces=session.id, now=NOW))
    assert {begun.id for begun, _ in results} == {session.id}
    alive = [cookie for _, cookie in results if sessions.current(cookie, now=NOW) is not None]
    assert len(alive) == 1
    assert db.session.scalar(text("SELECT count(*) FROM user_sessions")) == 1
