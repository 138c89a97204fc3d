"""Flask, without what this application never needs and would pay for in every request.

Specs:
    RFC 9110 section 8.6       Content-Length is the size of the body that is sent
    RFC 9110 section 13.1.1    412 in place of a representation that is another than the client has

No view and no hook is a coroutine, and an answer that is whole in memory needs no copy of its headers.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response

_WITHOUT_BODY = frozenset({204, 304})
_PRECONDITION_FAILED = 412
_OF_THE_REPRESENTATION = (
    "ETag",
    "Last-Modified",
    "Content-Disposition",
    "Accept-Ranges",
    "Expires",
)


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

    def make_conditional(self, *arguments: Any, **options: Any) -> Response:
        """Answer as the conditions of a request demand; what is not wanted in its present state is not sent."""
        super().make_conditional(*arguments, **options)
        if self.status_code == _PRECONDITION_FAILED:
            # A file is open already.
            close = getattr(self.response, "close", None)
            if close is not None:
                close()
            self.direct_passthrough = False
            self.set_data(b"")
            for name in _OF_THE_REPRESENTATION:
                self.headers.pop(name, None)
            self.headers["Cache-Control"] = "no-store"
        return self

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
