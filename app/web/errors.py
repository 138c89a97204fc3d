"""The last resort: whatever nobody answered becomes one clear refusal, in the caller's language.

Specs:
    RFC 6749 section 5.2    the JSON of the OAuth endpoints
    RFC 9457                problem details for every other machine
    RFC 9110 section 15     status codes; ``Allow`` and ``Retry-After``

Each refusal has a reference. It is shown; what really happened is in the log under it.
``str(error)`` and a library's words are never shown.
"""

import json
from dataclasses import dataclass, field
from html import escape

import structlog
from flask import Flask, Response, g, render_template, request
from sqlalchemy.exc import StatementError
from werkzeug.exceptions import HTTPException

from app.core import metrics
from app.core.db import db, is_unavailable
from app.core.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    SignetError,
    UnavailableError,
    reference,
)
from app.core.root_key import SealBrokenError
from app.jose.signing_keys import NoSigningKeyError
from app.throttle.counters import ThrottledError
from app.web import language
from app.web.machine_paths import MACHINE_PREFIXES, OAUTH_PATHS, OAUTH_PREFIXES
from app.web.status_words import words

_SERVER_ERROR = 500
_BUSY = 503
_RETRY_SECONDS = 2
# The first class that fits decides; a refusal that nobody listed is the caller's (400).
_STATUS: tuple[tuple[type[SignetError], int], ...] = (
    (ThrottledError, 429),
    (UnavailableError, _BUSY),
    (NoSigningKeyError, _BUSY),
    (SealBrokenError, _SERVER_ERROR),
    (ConfigurationError, _SERVER_ERROR),
    (NotFoundError, 404),
    (ConflictError, 409),
    (InvalidInputError, 400),
    (SignetError, 400),
)
_OAUTH_CODES = {500: "server_error", 503: "temporarily_unavailable", 429: "temporarily_unavailable"}

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Refusal:
    """What is said: a status, a description (or the status's own) and headers that go with it."""

    status: int
    description: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    reference: str = field(default_factory=reference)

    @property
    def title(self) -> str:
        """Return the title, in English."""
        return words(self.status)[0]

    @property
    def text(self) -> str:
        """Return the description, in English."""
        return self.description or words(self.status)[1]


def install(app: Flask) -> None:
    """Answer every error of ``app``."""
    # Each would answer with a redirect whose host is the one that the request claims.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Response:
    """Return the answer to a request that ended in ``error``; log it under the reference shown."""
    if isinstance(error, HTTPException) and error.response is not None:
        return Response.force_type(error.get_response())  # type: ignore[return-value]
    refusal = _refusal(error)
    _log(error, refusal)
    return render(refusal)


def render(refusal: Refusal) -> Response:
    """Return ``refusal`` in the form that this path and this caller understand."""
    if request.path in OAUTH_PATHS or request.path.startswith(OAUTH_PREFIXES):
        response = _oauth(refusal)
    elif _wants_page():
        response = Response(page(refusal), refusal.status, mimetype="text/html")
    else:
        response = _problem(refusal)
    response.headers["Cache-Control"] = "no-store"
    response.headers.extend(refusal.headers)
    return response


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, HTTPException):
        headers = tuple(
            (name, value) for name, value in error.get_headers() if name.lower() != "content-type"
        )
        return Refusal(error.code or _SERVER_ERROR, headers=headers)
    if isinstance(error, SignetError):
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        after = getattr(error, "retry_after", _RETRY_SECONDS if status == _BUSY else None)
        headers = () if after is None else (("Retry-After", str(after)),)
        # What failed inside is nobody's business; what was refused, the caller must be told.
        public = None if status == _SERVER_ERROR else error.public
        return Refusal(status, public, headers)
    if is_unavailable(error):
        return Refusal(_BUSY, UnavailableError.public, (("Retry-After", str(_RETRY_SECONDS)),))
    return Refusal(_SERVER_ERROR)


def _log(error: Exception, refusal: Refusal) -> None:
    facts = {
        "reference": refusal.reference,
        "status": refusal.status,
        "error": type(error).__name__,
        "detail": error.detail if isinstance(error, SignetError) else None,
    }
    if is_unavailable(error):
        metrics.database_error()
    if isinstance(error, StatementError):
        # Its text would quote the parameters of the statement.
        error.hide_parameters = True
    if refusal.status < _SERVER_ERROR:
        log.info("request.refused", **facts)
    elif refusal.status == _BUSY:
        log.warning("request.unavailable", **facts)
    else:
        log.error("request.failed", exc_info=error, **facts)


def _wants_page() -> bool:
    if request.path.startswith(MACHINE_PREFIXES):
        return False
    if request.url_rule is not None:
        return True
    # Nobody lives at this path: only a browser gets to hear it in HTML.
    return "text/html" in request.headers.get("Accept", "")


def _oauth(refusal: Refusal) -> Response:
    description = refusal.text
    if refusal.status >= _SERVER_ERROR:
        description += f" (Reference {refusal.reference})"
    code = _OAUTH_CODES.get(refusal.status, "invalid_request")
    return _json({"error": code, "error_description": description}, refusal, "application/json")


def _problem(refusal: Refusal) -> Response:
    problem = {
        "type": "about:blank",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.text,
        "reference": refusal.reference,
    }
    return _json(problem, refusal, "application/problem+json")


def _json(members: dict[str, object], refusal: Refusal, mimetype: str) -> Response:
    return Response(json.dumps(members, ensure_ascii=True), refusal.status, mimetype=mimetype)


def page(refusal: Refusal) -> str:
    """Return ``refusal`` as a page in the language of the current request."""
    # Nothing that this page shows may come from the database: it may be the reason for the page.
    g.is_error_page = True
    try:
        return render_template(
            "interaction/error.html",
            title=language.said(refusal.title),
            description=language.said(refusal.text),
            reference=refusal.reference,
            status=refusal.status,
        )
    except Exception:
        # Whatever keeps the page from being made must not keep the refusal from being told.
        log.exception("error_page.failed", reference=refusal.reference)
        _forget_transaction()
        return _plain_page(refusal)


def _forget_transaction() -> None:
    if db.session.registry.has():
        db.session.remove()


def _plain_page(refusal: Refusal) -> str:
    title, text = escape(refusal.title), escape(refusal.text)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>{text}</p>"
        f'<p>Reference: <code id="error-reference">{refusal.reference}</code></p></html>'
    )
