"""Granian, embedded: the work of one process that answers requests.

Granian's own parent process is not used: ours starts the workers and stops them (``supervisor``).
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from flask import Flask
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from app.cli import listener
from app.cli.supervisor import KILL_AFTER, Supervisor
from app.core import memory, processors
from app.core.config import Settings

_KEYS = "/.well-known/jwks.json"
_MAX_CONNECTIONS_PER_WORKER = 1024
_SWITCH_SECONDS = 0.0005
_HEADER_TIMEOUT_MILLISECONDS = 15_000
# Its records go to our handler; granian's own would have another form and go to standard output.
_LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def load(settings: Settings) -> Flask:
    """Return the application, for this process and those that are copied from it."""
    memory.share_one_pool()
    application: Flask = _factory().create_app(settings, with_jobs=False)
    return application


def serve(supervisor: Supervisor, number: int, application: Flask, *, threads: int) -> None:
    """Answer what comes to the socket of worker ``number``, ``threads`` requests at a time, until SIGTERM."""
    # Before it starts a thread: each begins where the one that starts it may run.
    workers = len(supervisor.sockets)
    processors.keep_to(processors.share(processors.everything, worker=number, workers=workers))
    # Requests compute in turn anyhow; this is how long keys and metadata, which do not, may wait for them.
    sys.setswitchinterval(_SWITCH_SECONDS)
    lifeline = supervisor.lifeline
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    _factory().start_jobs(application)
    threading.Thread(target=_warm, args=(application,), daemon=True).start()
    answering = _whole(application, supervisor.board.stopping)
    server = _Server(supervisor.sockets[number], threads)
    server.serve(target_loader=lambda: answering, wrap_loader=False)


def _factory() -> Any:
    # By its name: it stands above us, and whatever made an application could make this one.
    return import_module("app.factory")


class _Server(MPServer):
    """Granian's server, of which only the worker runs: here, on a socket that is open already."""

    def __init__(self, opened: socket.socket, threads: int) -> None:
        host, port = opened.getsockname()[:2]
        super().__init__(
            "app.factory:create_app",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            blocking_threads=threads,
            backlog=listener.BACKLOG,
            backpressure=_MAX_CONNECTIONS_PER_WORKER,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_TIMEOUT_MILLISECONDS),
            websockets=False,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
        )
        self._opened = opened

    def _serve(self, spawn_target: Any, target_loader: Any) -> None:
        """Do the work of a worker in this process, where Granian would start others for it."""
        held = SocketHolder(self._opened.fileno(), False, listener.BACKLOG)  # type: ignore[call-arg]  # noqa: FBT003 - not a Unix socket
        self._ssp, self._sso = None, None
        self._shd = held  # type: ignore[assignment]
        self._spawn_worker(0, spawn_target, target_loader).inner.run()


def _warm(application: WSGIApplication) -> None:
    # Keys are answered from memory while the database is away: they must be there before it goes.
    application({"REQUEST_METHOD": "GET", "PATH_INFO": _KEYS}, lambda *_: None)


def _whole(
    application: WSGIApplication, stopping: memoryview
) -> Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]:
    """Return ``application`` with answers in one piece, the last ones of all ending their connection.

    No answer of ours is long. Granian sends a list at once; for each piece of anything else it would come back
    and wait for the interpreter.
    """

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        def start_last(
            status: str, headers: list[tuple[str, str]], problem: Any = None
        ) -> Callable[[bytes], Any]:
            answered: Callable[[bytes], Any] = start(
                status, [*headers, ("Connection", "close")], problem
            )
            return answered

        return _joined(application(environ, start_last if stopping[0] else start))

    return answer


def _joined(pieces: Iterable[bytes]) -> list[bytes]:
    if isinstance(pieces, list):
        return pieces
    try:
        return [b"".join(pieces)]
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _end_with_parent(reading: int) -> None:
    # Nothing is ever written: the read returns when the supervisor, the only writer, is gone.
    os.read(reading, 1)
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGTERM)
    time.sleep(KILL_AFTER)
    os.kill(os.getpid(), signal.SIGKILL)
