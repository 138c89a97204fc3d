"""Granian, embedded: one parent that makes everything ready, and workers that answer.

The parent imports the application once and the workers are forked from it, so that they start at once and
share that memory. A stop takes three steps: answers announce the end of their connection, the listening
socket is drained, the workers finish what they are at.
"""

import gc
import mmap
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

from app.cli import listener
from app.core import memory, processors

_APPLICATION = ("app.factory", "create_app")
_KEYS = "/.well-known/jwks.json"
# Long enough for a client that is busy to be told that its connection ends.
_ANNOUNCEMENT = 0.4
_KILL_AFTER = 30
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


@dataclass(frozen=True)
class Size:
    """How many processes answer, and how many requests each has in hand at the same time."""

    workers: int
    threads: int


def serve(opened: socket.socket, size: Size, *, ready: Callable[[], None]) -> None:
    """Serve on ``opened`` until SIGTERM or Ctrl-C; call ``ready`` when the workers are about to start."""
    memory.share_one_pool()
    # Forked workers share what is loaded now.
    import_module(_APPLICATION[0])
    server = _Server(opened, size)
    server.on_startup(ready)
    gc.freeze()
    gc.enable()
    server.serve(target_loader=server.load, wrap_loader=False)


class _Server(MPServer):
    """Granian's server on a socket that is already open, with a stop that fails no request."""

    def __init__(self, opened: socket.socket, size: Size) -> None:
        host, port = opened.getsockname()[:2]
        super().__init__(
            "app.factory:create_app",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=size.workers,
            blocking_threads=size.threads,
            backlog=listener.BACKLOG,
            backpressure=_MAX_CONNECTIONS_PER_WORKER,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_TIMEOUT_MILLISECONDS),
            websockets=False,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
            respawn_failed_workers=True,
            workers_kill_timeout=_KILL_AFTER,
        )
        self._sockets = listener.spread(opened, size.workers)
        self._workers = size.workers
        # Memory that the workers share with the parent: one byte, not 0 when the server is stopping.
        self._stopping = mmap.mmap(-1, 1)
        self._lifeline = os.pipe()
        # Of the worker that is forked next, and then its own.
        self._number = 0

    def load(self) -> WSGIApplication:
        """Make the application; in the worker, after the fork."""
        # Ctrl-C reaches every process of the terminal's group; only the parent decides how to stop.
        os.setpgid(0, 0)
        # Before it starts a thread: each begins where the one that starts it may run.
        own = processors.share(processors.everything, worker=self._number, workers=self._workers)
        processors.keep_to(own)
        # Requests compute in turn anyhow; this is how long keys and metadata, which do not, may wait for them.
        sys.setswitchinterval(_SWITCH_SECONDS)
        reading, writing = self._lifeline
        os.close(writing)
        threading.Thread(target=_end_with_parent, args=(reading,), daemon=True).start()
        create = getattr(import_module(_APPLICATION[0]), _APPLICATION[1])
        application = create()
        threading.Thread(target=_warm, args=(application,), daemon=True).start()
        return _whole(application, self._stopping)

    def signal_handler_interrupt(self, *_: Any) -> None:
        """Begin to stop; in a worker that has just been forked and serves nothing yet, end."""
        if os.getpid() != self.pid:
            os._exit(0)
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._sso = None

    def _spawn_worker(  # type: ignore[override]  # MPServer leaves out its parent's last parameter too
        self, idx: int, target: Any, callback_loader: Any
    ) -> WorkerProcess:
        """Give worker ``idx`` its own socket; one that replaces it takes over what waits there."""
        self._number = idx
        descriptor = self._sockets[idx].fileno()
        held = SocketHolder(descriptor, False, listener.BACKLOG)  # type: ignore[call-arg]  # noqa: FBT003 - not a Unix socket
        self._shd = held  # type: ignore[assignment]
        return super()._spawn_worker(idx, target, callback_loader)

    def _drop_shared_socket(self) -> None:
        self._stopping[0] = 1
        time.sleep(_ANNOUNCEMENT)
        listener.drain(self._sockets)
        for opened in self._sockets:
            opened.close()


def _warm(application: WSGIApplication) -> None:
    # Keys are answered from memory while the database is away: they must be there before it goes.
    application({"REQUEST_METHOD": "GET", "PATH_INFO": _KEYS}, lambda *_: None)


def _whole(
    application: WSGIApplication, stopping: mmap.mmap
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
    # Nothing is ever written: the read returns when the parent, the only writer, is gone.
    os.read(reading, 1)
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, signal.SIGTERM)
    time.sleep(_KILL_AFTER)
    os.kill(os.getpid(), signal.SIGKILL)
