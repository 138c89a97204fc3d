"""Clients that hear of sign-outs: one listener, a path for each, and answers that a test chooses."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Heard:
    """One request: its path, content type and form."""

    method: str
    path: str
    media_type: str
    form: list[tuple[str, str]]

    @property
    def token(self) -> str:
        [(name, value)] = self.form
        assert name == "logout_token"
        return value


@dataclass
class Listener:
    """``statuses`` are given in turn by path, the last for good; without any it is 200."""

    origin: str = ""
    heard: list[Heard] = field(default_factory=list)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)

    def uri(self, path: str) -> str:
        return f"{self.origin}{path}"

    def at(self, path: str) -> list[Heard]:
        """Return what was heard at ``path``."""
        return [each for each in list(self.heard) if each.path == path]

    def wait_for(self, count: int, *, within: float = 15) -> list[Heard]:
        """Return everything heard, once it is ``count`` or more."""
        end = time.monotonic() + within
        while len(self.heard) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.heard) >= count, self.heard
        return list(self.heard)


@contextmanager
def listening() -> Iterator[Listener]:
    """Listen for as long as the block."""
    listener = Listener()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(listener))
    server.daemon_threads = True
    listener.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer([])

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(parse_qsl(body.decode("ascii"), keep_blank_values=True))

        def _answer(self, form: list[tuple[str, str]]) -> None:
            media_type = self.headers.get("Content-Type", "")
            listener.heard.append(Heard(self.command, self.path, media_type, form))
            time.sleep(listener.slow.get(self.path, 0))
            turns = listener.statuses.get(self.path, [200])
            self.send_response(turns.pop(0) if len(turns) > 1 else turns[0])
            self.send_header("Location", listener.uri("/elsewhere"))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: what arrived is kept."""

    return Handler
