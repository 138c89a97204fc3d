"""The form cookie goes out as Flask would send it, and comes back as Flask would read it."""

import pytest
from flask import Flask, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from app.web import csrf
from tests.web.pages.conftest import app, make_app

__all__ = ["app", "make_app"]

HELD = {"browser": "b" * 22, "csrf_token": "c" * 40}


def saved(app: Flask, session: SecureCookieSession, *, by_flask: bool = False) -> list[tuple]:
    response = Response()
    interface = app.session_interface
    if by_flask:
        SecureCookieSessionInterface.save_session(interface, app, session, response)
    else:
        interface.save_session(app, session, response)
    return [(name, value) for name, value in response.headers if name != "Content-Type"]


@pytest.fixture(autouse=True)
def _one_second(monkeypatch):
    # What is signed in another second is another cookie.
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 1_800_000_000)


def changed(held):
    session = SecureCookieSession()
    session.update(held)
    # Nobody writes what they have not read.
    session.accessed = True
    return session


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8000", "https://id.example"])
@pytest.mark.parametrize("held", [HELD, {"browser": "b" * 22}])
def test_a_cookie_that_changed_is_sent_as_flask_sends_it(make_app, issuer, held):
    app = make_app(ISSUER=issuer)
    sent = saved(app, changed(held))
    assert sent == saved(app, changed(held), by_flask=True)
    assert [name for name, _ in sent] == ["Vary", "Set-Cookie"]


def test_one_that_was_emptied_or_only_read_is_left_to_flask(app):
    emptied = changed(HELD)
    emptied.clear()
    read = SecureCookieSession(HELD)
    read.accessed = True
    for session in (emptied, read):
        assert saved(app, session) == saved(app, session, by_flask=True) != []


def test_one_that_nobody_looked_at_is_not_mentioned(app):
    assert saved(app, SecureCookieSession()) == []


def test_what_an_answer_varies_by_besides_stays(app):
    response = Response(headers={"Vary": "Accept"})
    app.session_interface.save_session(app, changed(HELD), response)
    assert response.headers.getlist("Vary") == ["Accept, Cookie"]
    assert len(response.headers.getlist("Set-Cookie")) == 1


def test_a_cookie_of_flasks_own_making_is_still_read(app):
    theirs = SecureCookieSessionInterface()
    theirs.digest_method = csrf.hashlib.sha256
    cookie = theirs.get_signing_serializer(app).dumps(HELD)
    with app.test_request_context("/", headers={"Cookie": f"signet-form={cookie}"}) as context:
        assert dict(context.session) == HELD
