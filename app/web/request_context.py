"""What is known of a request before anybody looks at it: its number, whence it came, since when.

The number ties together all that the log says about one request, and the answer carries it. A
number from outside is believed from a trusted proxy only. The access log names the path without its
query: codes and tokens do not end up there.
"""

import os
import re
from time import perf_counter
from typing import Any

import structlog
from flask import Flask
from structlog.contextvars import bind_contextvars, clear_contextvars

from app.core import metrics
from app.core.config import Settings
from app.core.context import Caller, caller, set_caller
from app.web.trusted_proxies import TrustedProxies

Header = tuple[str, str]

# Where an answer given in front of Flask names the view that it was given for.
ENDPOINT = "signet.endpoint"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_ID_BYTES = 10
_MAX_AGENT = 256
_MAX_PATH = 256
_MAX_METHOD = 16
_NO_ENDPOINT = "none"
_NOBODY = Caller()
_FAILED = "500"
# Asked every few seconds by machines; they would be most of the log.
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

log = structlog.get_logger("app.web.access")


def install(app: Flask) -> None:
    """Give every request of ``app`` its context, and account for it afterwards."""
    settings: Settings = app.extensions["signet.settings"]
    proxies = TrustedProxies(settings.server.trusted_proxies)
    app.extensions["signet.trusted_proxies"] = proxies
    # Bound once: finding the logger again would cost more than the line.
    access = log.bind()
    inner = app.wsgi_app

    def with_context(environ: dict[str, Any], start_response: Any) -> Any:
        began = perf_counter()
        asking = _caller(environ, proxies)
        set_caller(asking)
        bind_contextvars(request_id=asking.request_id)
        answered = _FAILED
        endpoint = _NO_ENDPOINT

        def started(status: str, headers: list[Header], *failure: Any) -> Any:
            nonlocal answered, endpoint
            answered = status
            # Flask takes its request out of the environment once it has answered.
            request = environ.get("werkzeug.request")
            named = environ.get(ENDPOINT) or getattr(request, "endpoint", None)
            endpoint = named or _NO_ENDPOINT
            headers.append(("X-Request-Id", asking.request_id))
            return start_response(status, headers, *failure)

        try:
            return inner(environ, started)
        finally:
            seconds = perf_counter() - began
            status = int(answered[:3])
            method = environ["REQUEST_METHOD"]
            metrics.request(endpoint, method=method, status=status, seconds=seconds)
            _tell(access, environ, status, seconds)
            clear_contextvars()
            set_caller(_NOBODY)

    app.wsgi_app = with_context  # type: ignore[method-assign]


def _caller(environ: dict[str, Any], proxies: TrustedProxies) -> Caller:
    peer = environ.get("REMOTE_ADDR") or ""
    given = environ.get("HTTP_X_REQUEST_ID")
    if given is None or not proxies.trusts(peer) or _REQUEST_ID.fullmatch(given) is None:
        given = os.urandom(_ID_BYTES).hex()
    agent = environ.get("HTTP_USER_AGENT")
    return Caller(
        request_id=given,
        address=proxies.client_address(peer, environ.get("HTTP_X_FORWARDED_FOR")),
        agent=agent[:_MAX_AGENT] if agent else None,
    )


def _tell(access: Any, environ: dict[str, Any], status: int, seconds: float) -> None:
    path = environ.get("PATH_INFO", "")
    tell = access.debug if path in _QUIET_PATHS else access.info
    tell(
        "request",
        method=environ["REQUEST_METHOD"][:_MAX_METHOD],
        path=path[:_MAX_PATH],
        status=status,
        ms=round(seconds * 1000, 2),
        address=caller().address,
    )
