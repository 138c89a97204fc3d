"""Where an application is answered: a tiny web server that keeps what a browser brings to its callback."""

import html
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

_LARGEST = 65536


@dataclass(frozen=True)
class Arrival:
    """One request to the application: ``method``, ``path`` and what came in the query or the form."""

    method: str
    path: str
    url: str
    parameters: dict[str, str]


class RelyingParty:
    """The listener. ``origin`` is its address; every arrival but the browser's own errands is kept."""

    def __init__(self) -> None:
        self.arrivals: queue.Queue[Arrival] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.arrivals))
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.redirect_uri = f"{self.origin}/callback"
        self.post_logout_redirect_uri = f"{self.origin}/signed-out"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_arrival(self, *, within: float = 10) -> Arrival:
        """Return what arrives next."""
        try:
            return self.arrivals.get(timeout=within)
        except queue.Empty:
            raise AssertionError(f"nobody came to the application within {within} s") from None

    def forget(self) -> None:
        """Drop what nobody asked for."""
        while not self.arrivals.empty():
            self.arrivals.get_nowait()


@contextmanager
def listening() -> Iterator[RelyingParty]:
    """Run a relying party for as long as the block."""
    party = RelyingParty()
    party.start()
    try:
        yield party
    finally:
        party.stop()


def _handler(arrivals: "queue.Queue[Arrival]") -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if urlsplit(self.path).path == "/favicon.ico":
                self.send_response(204)
                self.end_headers()
                return
            self._keep(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", 0)), _LARGEST)
            body = self.rfile.read(length).decode("utf-8")
            self._keep(dict(parse_qsl(body, keep_blank_values=True)))

        def _keep(self, parameters: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            url = f"http://{self.headers.get('Host')}{self.path}"
            arrivals.put(Arrival(self.command, parts.path, url, parameters))
            rows = "".join(f"<li>{html.escape(name)}</li>" for name in parameters)
            page = (
                '<!doctype html><html lang="en"><title>The application</title>'
                f'<p id="arrived">{self.command}</p><ul>{rows}</ul></html>'
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing: what arrived is in the queue."""

    return Handler
