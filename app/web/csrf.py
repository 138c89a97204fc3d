"""Forms are answered only when this browser was given them by us.

Specs:
    ASVS 5.0 3.5.1        a token that no other site can know
    Fetch Metadata        Sec-Fetch-Site, where the browser sends it
    RFC 6265bis 4.1.3     the cookie's ``__Host-`` prefix

The token stands in Flask's signed session cookie, which exists before anybody signs in: signing
somebody in without their wish is a forgery too. It changes when the person does. A Referer is never
asked for, because our own pages send none.
"""

import hashlib
import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Request, Response, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadData, URLSafeTimedSerializer

from app.core import config
from app.core.errors import SignetError
from app.core.root_key import RootKeys
from app.core.secrets import equal
from app.core.signed_text import TimedText
from app.web import transaction

FIELD = "csrf_token"
_COOKIE = "signet-form"
_PURPOSE = "form-cookie"
_TOKENS = "signet.form_tokens"
# Flask-WTF's: a form of its making and one of ours carry the same token.
_SALT = "wtf-csrf-token"
_SECRET_BYTES = 20
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What the browser says of a form sent by our own page, or by a person who reloads one.
_OWN_SITES = frozenset({"same-origin", "none"})


class FormRefusedError(SignetError):
    """The form came from no page that we gave to this browser, or from one grown stale."""

    public = "This page was open for too long. Please go back, reload it and try again."


class _FormCookie(SecureCookieSessionInterface):
    """Flask's session cookie, signed with HMAC-SHA-256 in place of its default."""

    def __init__(self, keys: Sequence[bytes], *, is_secure: bool) -> None:
        self._attributes: dict[str, Any] = {
            "key": f"__Host-{_COOKIE}" if is_secure else _COOKIE,
            "secure": is_secure,
            "httponly": True,
            "samesite": "Lax",
            "path": "/",
        }
        # It holds texts alone, so its JSON needs none of Flask's tags.
        self._serializer = TimedText(
            keys,
            salt=self.salt,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:  # noqa: ARG002 - Flask's own
        """Return what signs the cookie and reads it; the keys of an application never change."""
        return self._serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie holds; without one there is no signature to prepare for."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie, unless nobody looked at it: a machine's request never does.

        Nor after a failure of ours, which takes back what the request changed: its form may be sent again.
        """
        if not transaction.is_kept(response.status_code):
            return
        if session and session.modified and "Vary" not in response.headers:
            # What Flask does, but for asking after each attribute, and reading Vary to write it, twice.
            response.headers["Vary"] = "Cookie"
            value = self._serializer.dumps(dict(session))
            response.set_cookie(value=value, **self._attributes)
        elif session or session.accessed or session.modified:
            super().save_session(app, session, response)


def configure(app: Flask, keys: RootKeys) -> None:
    """Set up the form cookie of ``app``, signed under ``keys``, and the token in templates."""
    settings: config.Settings = app.extensions["signet.settings"]
    newest, *older = keys.keys
    app.secret_key = newest.derive(_PURPOSE)
    accepted = [key.derive(_PURPOSE) for key in older]
    app.config.update(
        SECRET_KEY_FALLBACKS=accepted,
        # As in the everyday case above.
        SESSION_COOKIE_NAME=f"__Host-{_COOKIE}" if settings.is_secure else _COOKIE,
        SESSION_COOKIE_SECURE=settings.is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        # How long a signature is believed; the cookie itself ends with the browser.
        PERMANENT_SESSION_LIFETIME=max(settings.sessions.absolute_timeout, timedelta(days=1)),
        WTF_CSRF_FIELD_NAME=FIELD,
        # A token lives as long as the form cookie: a page left open over lunch still works.
        WTF_CSRF_TIME_LIMIT=None,
    )
    # itsdangerous signs with the last and accepts any.
    app.session_interface = _FormCookie([*accepted, app.secret_key], is_secure=settings.is_secure)
    app.extensions[_TOKENS] = TimedText(app.secret_key, salt=_SALT)
    app.jinja_env.globals["csrf_token"] = token


def token() -> str:
    """Return the token of this browser, as the forms of this request carry it."""
    made: str | None = g.get(FIELD)
    if made is None:
        made = _tokens().dumps(secret())
        # Where Flask-WTF's forms look first.
        setattr(g, FIELD, made)
    return made


def secret() -> str:
    """Return what the token of this browser stands for, from its form cookie; a new one if it holds none."""
    known = session.get(FIELD)
    if not isinstance(known, str):
        known = session[FIELD] = os.urandom(_SECRET_BYTES).hex()
    return known


def protect(blueprint: Blueprint) -> None:
    """Check every form that is sent to a view of ``blueprint``, before the view sees it."""
    blueprint.before_request(check)


def check() -> None:
    """Accept the current request if it only reads, or carries this browser's token.

    Raises:
        FormRefusedError: another site sent it, or the token is missing, stale or foreign.
    """
    if request.method in _READING:
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in _OWN_SITES:
        raise FormRefusedError(detail=f"Sec-Fetch-Site is {site!r}")
    known, sent = session.get(FIELD), request.form.get(FIELD)
    if not sent or not isinstance(known, str):
        raise FormRefusedError(detail="the token of the form or of the browser is missing")
    try:
        told = _tokens().loads(sent)
    except BadData:
        raise FormRefusedError(detail="the token is none of ours") from None
    if not isinstance(told, str) or not equal(told, known):
        raise FormRefusedError(detail="the token is another browser's")
    # Flask-WTF's forms then need not check it again.
    g.csrf_valid = True


def renew() -> None:
    """Forget the token: whoever knew it before a sign-in or sign-out does not know the next."""
    session.pop(FIELD, None)
    g.pop(FIELD, None)


def _tokens() -> TimedText:
    tokens: TimedText = current_app.extensions[_TOKENS]
    return tokens
