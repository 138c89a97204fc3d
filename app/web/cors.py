"""CORS: an application in a browser may call the endpoints it needs, from its own origins only.

Specs:
    Fetch Standard section 3.3     the protocol
    RFC 9700 section 2.6           never on the authorization endpoint

``/token``, ``/userinfo``, ``/revoke``, ``/introspect`` and ``/par`` answer the origins that a client
registered; the key set and the metadata are open to all (``app.web.constant_answers``); nothing
else answers any. Credentials are never allowed: these endpoints know no cookie.
"""

from typing import Any

import structlog
from flask import Flask, g
from sqlalchemy.exc import SQLAlchemyError

from app.clients import origins
from app.web.machine_paths import CORS_PATHS

Header = tuple[str, str]

# The answer depends on the origin even where there was none.
_VARY = ("Vary", "Origin")
_EXPOSED = ("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
# Chromium remembers a preflight for two hours at most.
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
    ("Access-Control-Max-Age", "7200"),
)
_PREFLIGHT_VARY = ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")

log = structlog.get_logger(__name__)


def install(app: Flask) -> None:
    """Answer preflights, and mark the answers of ``app`` for the origins that may read them."""
    inner = app.wsgi_app

    def with_cors(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("PATH_INFO", "") not in CORS_PATHS:
            return inner(environ, start_response)
        origin = environ.get("HTTP_ORIGIN")
        if (
            environ["REQUEST_METHOD"] == "OPTIONS"
            and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        ):
            start_response("204 No Content", _preflight(app, origin))
            return ()

        def started(status: str, headers: list[Header], *failure: Any) -> Any:
            headers.append(_VARY)
            if origin is not None and _may_read(origin):
                headers += (("Access-Control-Allow-Origin", origin), _EXPOSED)
            return start_response(status, headers, *failure)

        return inner(environ, started)

    app.wsgi_app = with_cors  # type: ignore[method-assign]


def _preflight(app: Flask, origin: str | None) -> list[Header]:
    headers = [_PREFLIGHT_VARY, ("Cache-Control", "no-store")]
    if origin is None:
        return headers
    with app.app_context():
        if _is_registered(origin):
            headers += (("Access-Control-Allow-Origin", origin), *_PREFLIGHT)
    return headers


def _may_read(origin: str) -> bool:
    # The endpoint knows its client; where it could not even tell who asks, the refusal is no secret
    # of anybody.
    client = g.get("oauth_client")
    return _is_registered(origin) if client is None else origin in client.allowed_origins


def _is_registered(origin: str) -> bool:
    try:
        return origins.is_allowed(origin)
    except SQLAlchemyError as error:
        # Without the database nobody is known, and a header must not turn an answer into a failure.
        log.warning("cors.unknown", error=type(error).__name__)
        return False
