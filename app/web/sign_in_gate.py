"""The gate before the sign-in form: in a storm of passwords, who would only be sent away is sent away here.

Specs:
    RFC 9110 section 15.6.4    503 with ``Retry-After``
    ASVS 5.0 15.2.2            what costs much is bounded

Only so many passwords can be hashed or wait for it (``app.identity.hash_slots``). To find that out
inside Flask costs some milliseconds of Python, which tokens and keys would have to wait for. So as
many as may hash or wait are let in at once, and the rest gets a page that was made before: one for
each language, in which the reference alone is new.
"""

import threading
from collections.abc import Iterable
from html import escape
from math import ceil
from typing import Any

import structlog
from flask import Flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.core.config import Settings
from app.core.errors import reference
from app.web import errors, language, request_context

_PATH = "/login"
# The view that would have answered: the figures count the refusal as its.
_ENDPOINT = "interaction_login.login"
_BUSY = 503

log = structlog.get_logger(__name__)


class _Pages:
    """The page of the refusal in each language: what stands before the reference, and behind it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._default = app.extensions["signet.settings"].server.default_language
        self._made: dict[str, tuple[bytes, bytes]] = {}

    def page(self, accepted: str | None, shown: str) -> bytes:
        """Return the page for whoever sent ``accepted`` as Accept-Language, with ``shown`` as reference."""
        wanted = parse_accept_header(accepted, LanguageAccept)
        chosen = language.negotiated(wanted) or self._default
        before, behind = self._made.get(chosen) or self._make(chosen)
        return before + escape(shown).encode() + behind

    def _make(self, chosen: str) -> tuple[bytes, bytes]:
        asked = {"Accept-Language": chosen}
        with self._app.test_request_context(_PATH, method="POST", headers=asked):
            refusal = errors.Refusal(_BUSY)
            before, _, behind = errors.page(refusal).partition(refusal.reference)
        made = self._made[chosen] = before.encode(), behind.encode()
        return made


def install(app: Flask) -> None:
    """Let as many sign-ins into ``app`` at once as may hash a password or wait for it."""
    settings: Settings = app.extensions["signet.settings"]
    bounds = settings.passwords
    places = threading.BoundedSemaphore(bounds.max_concurrent_hashes + bounds.max_waiting_hashes)
    retry_after = str(max(1, ceil(bounds.max_hash_wait.total_seconds())))
    pages = _Pages(app)
    # Bound once: finding the logger again would cost more than the line.
    refused = log.bind()
    inner = app.wsgi_app

    def with_gate(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes]
        if environ.get("PATH_INFO") != _PATH or environ["REQUEST_METHOD"] != "POST":
            answer = inner(environ, start_response)
            return answer
        if places.acquire(blocking=False):
            try:
                answer = inner(environ, start_response)
                return answer
            finally:
                places.release()
        shown = reference()
        refused.warning(
            "request.unavailable",
            reference=shown,
            status=_BUSY,
            error="UnavailableError",
            detail="as many sign in as may hash a password or wait for it",
        )
        environ[request_context.ENDPOINT] = _ENDPOINT
        body = pages.page(environ.get("HTTP_ACCEPT_LANGUAGE"), shown)
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Retry-After", retry_after),
        ]
        start_response("503 SERVICE UNAVAILABLE", headers)
        return [body]

    app.wsgi_app = with_gate  # type: ignore[method-assign]
