"""One thread of a process computes at a time; the others wait where that costs nothing.

Python runs one thread at a time anyhow. Threads that all want to run hand the interpreter to and fro at every
signature and every read of the database, and that costs up to a third of the processor. So a request takes the turn
before it begins, and gives it away where it waits for something else: a hash, the writer's lock, the network.

A turn is a courtesy and no lock: nothing rests on having it, and from whoever keeps it for long it is taken.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Many times what a request computes. Longer, and somebody who waits with the turn in hand would be felt.
_PATIENCE_SECONDS = 0.05

_mine = threading.local()


class Turns:
    """The turns of one process."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._holder: object | None = None

    def take(self) -> None:
        """Wait for the turn, for a moment; then take it."""
        with self._changed:
            if self._holder is not None:
                self._changed.wait_for(self._is_free, _PATIENCE_SECONDS)
            self._holder = _mine.turn = object()

    def _is_free(self) -> bool:
        return self._holder is None

    def give(self) -> None:
        """Let another thread compute; without the turn, do nothing."""
        mine = getattr(_mine, "turn", None)
        if mine is None:
            return
        _mine.turn = None
        with self._changed:
            if self._holder is mine:
                self._holder = None
                self._changed.notify()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Give the turn away while the body of the statement waits, and take it again if it was there."""
        had = getattr(_mine, "turn", None) is not None
        self.give()
        try:
            yield
        finally:
            if had:
                self.take()


turns = Turns()
