"""The cookies that say who is signed in, and that a browser is known.

Specs:
    RFC 6265bis section 4.1.3   the ``__Host-`` prefix: this host alone, https alone, every path
    ASVS 5.0 3.3.1 to 3.3.4     Secure, SameSite, prefix, HttpOnly

Over plain http on loopback browsers refuse the prefix, so the names go without it there. SameSite
is Lax, not Strict: people arrive at /authorize by a link from another site and must be recognised.
"""

from datetime import timedelta

from flask import Response, request

from app.core import config

_SESSION = "signet-session"
_DEVICE = "signet-device"
# The longest life that browsers grant to a cookie.
_DEVICE_LIFETIME = timedelta(days=400)


def name(plain: str) -> str:
    """Return the cookie name ``plain`` with the prefix that https allows."""
    return f"__Host-{plain}" if config.current().is_secure else plain


def read_session() -> str | None:
    """Return the session cookie of the current request."""
    return request.cookies.get(name(_SESSION))


def set_session(response: Response, value: str) -> None:
    """Give the browser the session cookie ``value``.

    Without a lifetime: it ends with the browser, and the session behind it earlier when it is idle.
    """
    _set(response, _SESSION, value, None)


def clear_session(response: Response) -> None:
    """Take the session cookie away."""
    _set(response, _SESSION, "", timedelta(0))


def read_device() -> str | None:
    """Return the cookie by which the current request's browser is known."""
    return request.cookies.get(name(_DEVICE))


def set_device(response: Response, value: str) -> None:
    """Give the browser the cookie ``value`` by which it is known at the next sign-in."""
    _set(response, _DEVICE, value, _DEVICE_LIFETIME)


def _set(response: Response, plain: str, value: str, lifetime: timedelta | None) -> None:
    response.set_cookie(
        name(plain),
        value,
        max_age=lifetime,
        path="/",
        secure=config.current().is_secure,
        httponly=True,
        samesite="Lax",
    )
