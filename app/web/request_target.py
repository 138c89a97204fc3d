"""The request target has one spelling: one slash at its beginning, and a query of ASCII.

Specs:
    RFC 3986 section 2      a URI is ASCII; what is not is percent-encoded
    ASVS 5.0 4.1.4           a rule that a proxy has for a path cannot be walked around

Werkzeug serves ``//token`` as ``/token``, which a proxy's rule for ``/token`` does not see; here it is
nothing that exists. Raw bytes in a query, which some servers let through, are encoded as the client should
have done, so that they are judged where every other query is.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from flask import Flask

_BODY = b'{"type":"about:blank","title":"There is nothing here","status":404}'
_HEADERS = (
    ("Content-Type", "application/problem+json"),
    ("Content-Length", str(len(_BODY))),
    ("Cache-Control", "no-store"),
)
# Everything that may stand in a query as it is, and the percent sign of what is encoded already.
_KEPT = "".join(map(chr, range(0x80)))


def install(app: Flask) -> None:
    """Let ``app`` see targets of the one spelling alone."""
    inner = app.wsgi_app

    def with_target(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("//"):
            start_response("404 Not Found", [*_HEADERS])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [_BODY]
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():
            environ["QUERY_STRING"] = quote(query.encode("latin-1"), safe=_KEPT)
        answer: Iterable[bytes] = inner(environ, start_response)
        return answer

    app.wsgi_app = with_target  # type: ignore[method-assign]
