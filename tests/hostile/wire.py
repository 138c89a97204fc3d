"""A request as it stands on the wire, handed to the application as a WSGI server hands it over.

Nothing is repaired on the way: a path may hold any byte, a length may lie, a body may end early. What the
server in front would already have refused is thrown at the real one in ``test_raw_connections.py``.
"""

import io
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask


@dataclass(frozen=True)
class Sent:
    """One request. ``announced`` is its Content-Length, ``None`` for a chunked body."""

    method: str
    path: str
    query: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    announced: str | None = "exact"

    def __repr__(self) -> str:
        """Show it short enough to be read, whole where that is possible."""
        body = self.body if len(self.body) < 4000 else self.body[:1500] + b"[...]" + self.body[-99:]
        query = self.query if len(self.query) < 4000 else self.query[:1500] + b"[...]"
        headers = [(name, value[:600]) for name, value in self.headers]
        length = f"{self.announced} of {len(self.body)}"
        return (
            f"Sent({self.method} {self.path[:400]!r} ? {query!r}\n {headers}\n [{length}] {body!r})"
        )


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name]

    def get(self, name: str) -> str:
        return ", ".join(self.all(name))

    @property
    def media_type(self) -> str:
        return self.get("content-type").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def environ_of(sent: Sent) -> dict[str, Any]:
    """Return the WSGI environment of ``sent``."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(sent.path.encode("utf-8", "surrogatepass")).decode("latin-1"),
        "QUERY_STRING": sent.query.decode("latin-1"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in sent.headers:
        key = name.upper().replace("-", "_")
        # Of a header that comes twice the server keeps the last; cookies it joins.
        if key == "COOKIE" and "HTTP_COOKIE" in environ:
            value = f"{environ['HTTP_COOKIE']};{value}"  # noqa: PLW2901
        environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    if sent.announced is None:
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    elif sent.announced != "exact":
        environ["CONTENT_LENGTH"] = sent.announced
    elif sent.body:
        environ["CONTENT_LENGTH"] = str(len(sent.body))
    return environ


def deliver(app: Flask, sent: Sent) -> Answer:
    """Let ``app`` answer ``sent``; whatever escapes from it is the test's failure."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        started.append((status, headers))

    began = time.perf_counter()
    parts = app.wsgi_app(environ_of(sent), start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    seconds = time.perf_counter() - began
    status, headers = started[-1]
    return Answer(int(status[:3]), tuple(headers), body, seconds)
