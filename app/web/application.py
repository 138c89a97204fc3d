"""Flask, without what this application never needs and would pay for in every request.

Specs:
    RFC 9110 section 8.6    Content-Length is the size of the body that is sent

No view and no hook is a coroutine, and an answer that is whole in memory needs no copy of its headers.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response

_WITHOUT_BODY = frozenset({204, 304})


class Answer(Response):
    """An answer of ours."""

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        """Begin the answer and return its body, in one piece where it is known."""
        if not self._is_plain(environ):
            return super().__call__(environ, start_response)
        body = b"".join(self.iter_encoded())
        headers = self.headers
        if "Content-Length" not in headers:
            headers["Content-Length"] = str(len(body))
        start_response(self.status, headers.to_wsgi_list())
        return [body]

    def _is_plain(self, environ: Any) -> bool:
        if self.status_code in _WITHOUT_BODY or environ["REQUEST_METHOD"] == "HEAD":
            return False
        # A file is sent by whoever opened it; and an address in other letters has to be spelt in ours.
        return (
            self.is_sequence and not self._on_close and self.headers.get("Location", "").isascii()
        )


class Application(Flask):
    """The application."""

    response_class = Answer

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func``, which is none of the kind that Flask would have to wrap."""
        return func
