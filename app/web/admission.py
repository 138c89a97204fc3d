"""How many requests one process works on at once, so that a database that hangs does not take keys and metadata along.

A request that waits for the database holds the thread that it runs on. When every thread waits, even an answer from
memory waits behind them. So some threads are kept for those (``app.web.constant_answers`` stands in front), and the
rest is refused, once it is plain that waiting leads nowhere: for a while all places were taken and nobody came or went.
A mere rush never gets that far, because in a rush places become free all the time.
"""

import threading
from time import monotonic

from flask import Flask, g, request

from app.core.config import Settings
from app.core.errors import UnavailableError

_STANDSTILL_SECONDS = 1.0
_RETRY_AFTER = 2
# It asks nothing of anybody, and tells whether to kill the process.
_ALWAYS = "/healthz"


class Places:
    """A number of places."""

    def __init__(self, number: int) -> None:
        self._free = threading.Semaphore(number)
        self._moved_at = monotonic()

    def enter(self) -> None:
        """Take a place.

        Raises:
            UnavailableError: none became free for a while.
        """
        if self._free.acquire(blocking=False):
            self._moved_at = monotonic()
            return
        while (left := self._moved_at + _STANDSTILL_SECONDS - monotonic()) > 0:
            if self._free.acquire(timeout=left):
                self._moved_at = monotonic()
                return
        raise UnavailableError(
            retry_after=_RETRY_AFTER, detail="every place is taken and none becomes free"
        )

    def leave(self) -> None:
        """Give the place back."""
        self._moved_at = monotonic()
        self._free.release()


def install(app: Flask) -> None:
    """Let as many requests into ``app`` as its settings say; the rest waits or is answered with 503."""
    settings: Settings = app.extensions["signet.settings"]
    places = Places(settings.server.max_concurrent_requests)

    def enter() -> None:
        if request.environ["PATH_INFO"] != _ALWAYS:
            places.enter()
            g.place = places

    def leave(_error: BaseException | None) -> None:
        taken: Places | None = g.pop("place", None)
        if taken is not None:
            taken.leave()

    app.before_request(enter)
    app.teardown_request(leave)
