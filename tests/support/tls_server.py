"""A WSGI server that ends TLS itself, asks for a certificate, and passes the connection on as gunicorn does."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "gunicorn.socket": self.connection}

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(app: Any, *, identity: Path, authorities: Path) -> Iterator[int]:
    """Serve ``app`` on loopback and yield the port.

    ``identity`` is a PEM file of key and certificate; a client's certificate is asked for, and one
    that is shown has to be vouched for by ``authorities``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authorities)
    with make_server("127.0.0.1", 0, app, _Server, _Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(10)
