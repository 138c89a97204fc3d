"""No request body is larger than the settings allow, however it is sent.

Specs:
    RFC 9110 section 15.5.14    413 Content Too Large
    RFC 9112 section 7.1        chunked bodies, whose size nobody announces
    RFC 9112 section 8          a message that ends before its announced size is incomplete
    ASVS 5.0 15.2.2             limits on what a request may bring

An announced size is refused by Werkzeug when a view reads the body. A chunked body has none, and
Werkzeug would hand the view its first part as if it were the whole; so it is read here, one byte
beyond the limit at most, and from then on has a size like any other.

A body that ends before its announced size is refused: half a form must not be taken for a whole one.
"""

from io import BytesIO
from typing import Any

from flask import Flask

from app.core.config import Settings

_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def install(app: Flask) -> None:
    """Refuse larger bodies than the settings allow with 413."""
    settings: Settings = app.extensions["signet.settings"]
    limit = settings.server.max_body_bytes
    app.config["MAX_CONTENT_LENGTH"] = limit
    inner = app.wsgi_app

    def with_limit(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("wsgi.input_terminated"):
            if environ.get("CONTENT_LENGTH"):
                # Believing the end of the stream, Werkzeug would not ask whether it came too early.
                del environ["wsgi.input_terminated"]
            else:
                _measure(environ, limit)
        return inner(environ, start_response)

    app.wsgi_app = with_limit  # type: ignore[method-assign]


def _measure(environ: dict[str, Any], limit: int) -> None:
    if environ["REQUEST_METHOD"] in _WITHOUT_BODY:
        return
    body = bytearray()
    while len(body) <= limit and (part := environ["wsgi.input"].read(limit + 1 - len(body))):
        body += part
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    # Werkzeug believes this one first.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
