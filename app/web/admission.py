"""How many requests one process works on at once, so that a database that hangs does not take keys and metadata along.

A request that waits for the database holds the thread that it runs on. When every thread waits, even an answer from
memory waits behind them. So some threads are kept for those (``app.web.constant_answers`` stands in front), and the
rest is refused, once it is plain that waiting leads nowhere: for a while all places were taken and nobody came or went.
A mere rush never gets that far, because in a rush places become free all the time.
"""

import threading
from collections import deque
from time import monotonic

from flask import Flask, Response, before_render_template, g, request, template_rendered

from app.core.config import Settings
from app.core.errors import UnavailableError
from app.core.turns import breathe, turns

_STANDSTILL_SECONDS = 1.0
_RETRY_AFTER = 2
_EXTENSION = "signet.places"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# It asks nothing of anybody, and tells whether to kill the process.
_ALWAYS = "/healthz"


class Places:
    """A number of places."""

    def __init__(self, number: int) -> None:
        # Taking from a deque is one step; a lock is needed only by those who wait.
        self._free = deque[None]([None] * number)
        self._moved_at = monotonic()
        self._changed = threading.Condition()
        self._waiting = 0

    def enter(self) -> None:
        """Take a place.

        Raises:
            UnavailableError: none became free for a while.
        """
        if not (self._taken() or self._waited()):
            raise UnavailableError(
                retry_after=_RETRY_AFTER, detail="every place is taken and none becomes free"
            )

    def leave(self) -> None:
        """Give the place back."""
        self._moved_at = monotonic()
        self._free.append(None)
        if self._waiting:
            with self._changed:
                self._changed.notify()

    def _taken(self) -> bool:
        try:
            self._free.pop()
        except IndexError:
            return False
        self._moved_at = monotonic()
        return True

    def _waited(self) -> bool:
        with self._changed:
            # Said before the next look, so that whoever leaves after it knows of the wait.
            self._waiting += 1
            try:
                while not (taken := self._taken()):
                    left = self._moved_at + _STANDSTILL_SECONDS - monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
            finally:
                self._waiting -= 1
        return taken


def places(app: Flask) -> Places:
    """Return the places of ``app``, as many as its settings say."""
    made: Places | None = app.extensions.get(_EXTENSION)
    if made is None:
        settings: Settings = app.extensions["signet.settings"]
        made = Places(settings.server.max_concurrent_requests)
        app.extensions[_EXTENSION] = made
    return made


def install(app: Flask) -> None:
    """Let as many requests into ``app`` as its settings say; the rest waits or is answered with 503.

    Who is in computes in turn, once its body is there: nobody waits for what somebody else is still sending.
    """
    own = places(app)

    def enter() -> None:
        if request.environ["PATH_INFO"] == _ALWAYS:
            return
        own.enter()
        g.place = own
        if request.method in _WITH_BODY:
            request.get_data()
        turns.take()
        breathe()

    def answered(response: Response) -> Response:
        breathe()
        return response

    def leave(_error: BaseException | None) -> None:
        breathe()
        turns.give()
        taken: Places | None = g.pop("place", None)
        if taken is not None:
            taken.leave()

    app.before_request(enter)
    app.after_request(answered)
    before_render_template.connect(_between_steps, app)
    template_rendered.connect(_between_steps, app)
    app.teardown_request(leave)


def _between_steps(_app: Flask, **_told: object) -> None:
    breathe()
