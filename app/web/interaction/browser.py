"""The browser on the other side: which one it is, who is signed in to it, and how that changes.

Specs:
    ASVS 5.0 7.2.4    a new session token at every sign-in
    ASVS 5.0 14.3.1   what a browser keeps is cleared when a session ends

What is looked up is kept for the rest of the request. Templates learn of the person only what a
view has already asked for: no page, and above all no error page, goes to the database behind a
view's back.
"""

from datetime import datetime, timedelta

from flask import Response, after_this_request, g
from flask import session as form_cookie

from app.core import clock, secrets
from app.identity import devices, sessions, users
from app.identity.authentication import Authenticated
from app.identity.sessions import Session
from app.identity.users import Person
from app.tokens import revocation
from app.web import cookies, csrf, transaction

# How long a sign-in counts as fresh where much can be broken.
FRESH_FOR = timedelta(minutes=30)
_BROWSER = "browser"


def browser_id() -> str:
    """Return the identity of this browser, from its signed form cookie; a new one if it has none.

    It is no secret and grants nothing: it ties a pending request to the browser that began it, and
    stays the same when people sign in or out, so that what another tab has pending goes on.
    """
    known = form_cookie.get(_BROWSER)
    if not isinstance(known, str):
        known = form_cookie[_BROWSER] = secrets.new_id()
        # The page that follows needs it: so the cookie is written once.
        csrf.secret()
    return known


def session() -> Session | None:
    """Return the live session of this browser."""
    if "browser_session" not in g:
        g.browser_session = sessions.current(cookies.read_session(), now=clock.now())
    found: Session | None = g.browser_session
    return found


def person() -> Person | None:
    """Return who is signed in to this browser."""
    if "browser_person" not in g:
        current = session()
        g.browser_person = users.get(current.user_id) if current else None
    found: Person | None = g.browser_person
    return found


def person_shown() -> Person | None:
    """Return who is signed in if this request has asked already; for templates."""
    found: Person | None = g.get("browser_person")
    return found


def is_fresh(current: Session, *, now: datetime) -> bool:
    """Tell whether the person proved who they are a short while ago."""
    return now - current.auth_time <= FRESH_FOR


def sign_in(authenticated: Authenticated, *, now: datetime) -> Session:
    """Begin a session in this browser, in place of the one it has.

    The same person's session is renewed under a new cookie: what leans on it goes on. Another
    person's is ended, with what leans on it.
    """
    old = session()
    if old is not None and old.user_id != authenticated.user_id:
        revocation.of_session(old.id, reason="replaced", now=now)
        old = None
    new, cookie = sessions.start(authenticated, replaces=old.id if old else None, now=now)
    device = _device(authenticated)

    @after_this_request
    def _told(response: Response) -> Response:
        # A failure of ours takes the session back: the browser keeps what it has.
        if transaction.is_kept(response.status_code):
            cookies.set_session(response, cookie)
            cookies.set_device(response, device)
        return response

    _changed(new)
    return new


def _device(authenticated: Authenticated) -> str:
    user_id, changed_at = authenticated.user_id, authenticated.password_changed_at
    device = cookies.read_device()
    if device is not None and devices.is_known(device, user_id, password_changed_at=changed_at):
        return device
    return devices.issue(user_id, password_changed_at=changed_at)


def sign_out(*, now: datetime) -> None:
    """End the session of this browser, if it has one, with the grants that do not outlive it."""
    old = session()
    if old is not None:
        revocation.of_session(old.id, reason="sign_out", now=now)
    signed_out()


def signed_out() -> None:
    """Take the cookie of a session that is over from this browser."""

    @after_this_request
    def _clear(response: Response) -> Response:
        cookies.clear_session(response)
        # Not "cookies": the form cookie carries what other tabs have pending, the device cookie
        # keeps strangers from slowing the owner's next sign-in. Not "cache": our pages are never
        # stored.
        response.headers["Clear-Site-Data"] = '"storage"'
        return response

    _changed(None)


def _changed(current: Session | None) -> None:
    g.browser_session = current
    g.pop("browser_person", None)
    csrf.renew()
