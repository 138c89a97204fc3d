"""Headers that make a browser refuse what none of our pages needs.

Specs:
    RFC 9700 section 4.16    no page of ours in anybody's frame
    RFC 9700 section 4.2     no URL of ours in anybody's Referer
    RFC 6797 section 7.1     HSTS
    CSP Level 3              content security policy
    ASVS 5.0 3.4.1, 3.4.3, 3.4.4, 3.4.5, 3.4.6, 3.4.8    all of them together

They are added where the answer leaves the application, so an answer that was never rendered by a
view has them too. A page is any answer of type ``text/html``; everything else gets the short list.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, request

from app.core.config import Settings

Header = tuple[str, str]

_FORM_ACTION = "signet.form_action"
_FRAMES = "signet.frames"
_HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
_EVERYWHERE = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)
_CLOSED_POLICY = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_PAGE = (
    # For engines that do not know frame-ancestors.
    ("X-Frame-Options", "DENY"),
    (
        "Permissions-Policy",
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)  # fmt: skip
_ISOLATED = ("Cross-Origin-Opener-Policy", "same-origin")
# An application may run the flow in a window that it opened. Isolating one page of the flow would
# cut that window off from its opener for good, and the answer would never arrive.
_FLOW_PATHS = ("/authorize", "/login", "/consent", "/select-account", "/end_session", "/device")
_HOST_SOURCE = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")


def allow_form_action(uri: str) -> None:
    """Let the form on this page end at ``uri``.

    Chromium checks the whole chain of redirects that follows a form, and where the client's callback sends
    people on to is the client's business: so every https address may come behind it.
    """
    source = form_action_source(uri)
    if source is not None:
        request.environ.setdefault(_FORM_ACTION, []).append(source)


def form_action_source(uri: str) -> str | None:
    """Return what stands for ``uri`` in a policy: its scheme, or its origin if that is plain http."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme != "https" and _HOST_SOURCE.fullmatch(origin):
        return origin
    # A private-use scheme has no origin, and the grammar of policies has no IPv6 address.
    return f"{parts.scheme}:" if _SCHEME.fullmatch(parts.scheme) else None


def allow_frames(uris: Iterable[str]) -> tuple[str, ...]:
    """Let this page frame the origins of ``uris``; return those of ``uris`` that it may frame.

    The grammar of policies has no IPv6 address, so what is at one cannot be framed.
    """
    framed = {uri: origin for uri in uris if (origin := _origin(uri)) is not None}
    request.environ.setdefault(_FRAMES, []).extend(framed.values())
    return tuple(framed)


def _origin(uri: str) -> str | None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    origin = f"{parts.scheme}://{parts.netloc}"
    return origin if _HOST_SOURCE.fullmatch(origin) else None


def for_machines(settings: Settings, *, resource_policy: str = "same-origin") -> tuple[Header, ...]:
    """Return the headers of every answer that is not a page."""
    transport = (_HSTS,) if settings.is_secure else ()
    policy = ("Cross-Origin-Resource-Policy", resource_policy)
    return (*_EVERYWHERE, _CLOSED_POLICY, policy, *transport)


def for_pages(
    settings: Settings, path: str, form_action: Iterable[str], frames: Iterable[str] = ()
) -> dict[str, str]:
    """Return the headers of the page at ``path``, whose forms may end at ``form_action`` too."""
    targets = " ".join(("", *dict.fromkeys(form_action)))
    if framed := " ".join(dict.fromkeys(frames)):
        targets += f"; frame-src {framed}"
    headers = dict((*_EVERYWHERE, *_PAGE))
    headers["Content-Security-Policy"] = _PAGE_POLICY + targets
    headers["Cache-Control"] = "no-store"
    if not path.startswith(_FLOW_PATHS):
        headers.update((_ISOLATED,))
    if settings.is_secure:
        headers.update((_HSTS,))
    return headers


def install(app: Flask) -> None:
    """Add the headers to every answer of ``app``."""
    settings: Settings = app.extensions["signet.settings"]
    inner = app.wsgi_app
    machine = for_machines(settings)

    def with_headers(environ: dict[str, Any], start_response: Any) -> Any:
        def started(status: str, headers: list[Header], *failure: Any) -> Any:
            for name, value in headers:
                if name == "Content-Type" and value.startswith("text/html"):
                    page = for_pages(
                        settings,
                        environ.get("PATH_INFO", ""),
                        environ.get(_FORM_ACTION, ()),
                        environ.get(_FRAMES, ()),
                    )
                    headers = _replaced(headers, page)
                    break
            else:
                headers.extend(machine)
            return start_response(status, headers, *failure)

        return inner(environ, started)

    app.wsgi_app = with_headers  # type: ignore[method-assign]


def _replaced(headers: list[Header], page: dict[str, str]) -> list[Header]:
    # A page has no say in these: a view that wants to be cached is a mistake.
    ours = {name.lower() for name in page}
    return [each for each in headers if each[0].lower() not in ours] + list(page.items())
