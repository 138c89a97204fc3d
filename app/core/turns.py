"""One thread of a process computes at a time; the others wait where that costs nothing.

Python runs one thread at a time anyhow. Threads that all want to run hand the interpreter to and fro at every
signature and every read of the database, and that costs up to a third of the processor. So a request takes the turn
before it begins, and gives it away where it waits for something else: a hash, the writer's lock, the network.

The turn goes to whoever has waited longest; those with little to compute go first, since a page costs as much as ten
tokens. A turn is a courtesy and no lock: nothing rests on having it, and from whoever keeps it for long it is taken.

Keys and metadata take no turn, and do not wait for the end of a page either: between two steps of it they come first.
"""

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

# Many times what a request computes. Longer, and somebody who waits with the turn in hand would be felt; and nobody
# waits longer for those who go first.
_PATIENCE_SECONDS = 0.05


class _Mine(threading.local):
    turn: "_Turn | None" = None
    brief: bool = False
    writes: bool = False


_mine = _Mine()
# Elsewhere whoever waits comes to it when the interpreter changes hands by itself.
_give_way = getattr(os, "sched_yield", lambda: None)


class _Turn:
    """One turn of one thread; ``came`` is held until it comes."""

    __slots__ = ("came",)

    def __init__(self) -> None:
        self.came = threading.Lock()
        self.came.acquire()


class Turns:
    """The turns of one process."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._holder: _Turn | None = None
        self._brief = deque[_Turn]()
        self._long = deque[_Turn]()

    @property
    def awaited(self) -> bool:
        """Whether anybody waits for the turn."""
        return bool(self._brief or self._long)

    def take(self, *, brief: bool = False) -> None:
        """Wait for the turn, for a moment; then take it. ``brief`` is who has little to compute."""
        mine = _mine.turn = _Turn()
        _mine.brief = brief
        line = self._brief if brief else self._long
        with self._changing:
            if self._holder is None:
                self._holder = mine
                return
            line.append(mine)
        if mine.came.acquire(timeout=_PATIENCE_SECONDS):
            return
        with self._changing:
            # It may have come between the end of the wait and now, and even been taken away again.
            if mine in line:
                line.remove(mine)
                self._holder = mine

    def give(self) -> None:
        """Let another thread compute; without the turn, do nothing."""
        mine = _mine.turn
        if mine is None:
            return
        _mine.turn = None
        with self._changing:
            if self._holder is mine:
                self._holder = self._next()

    def _next(self) -> _Turn | None:
        line = self._brief or self._long
        if not line:
            return None
        following = line.popleft()
        following.came.release()
        return following

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Give the turn away while the body of the statement waits, and take it again if it was there."""
        had, brief = _mine.turn is not None, _mine.brief
        self.give()
        try:
            yield
        finally:
            if had:
                self.take(brief=brief)


turns = Turns()


def writes(*, now: bool) -> None:
    """Note that the calling thread keeps every other writer waiting, or does so no more."""
    _mine.writes = now


def breathe() -> None:
    """Between two steps of a page, or of work in the background: let those go first who have little to compute.

    A thread that wakes up for an answer from memory needs the processor to ask for the interpreter, and then the
    interpreter. By themselves it gets either only at the end of a slice, while a page computes for some milliseconds.
    Who is waited for, with the turn or as the one writer of SQLite, makes haste instead.
    """
    if not (_mine.brief or _mine.writes or turns.awaited):
        _give_way()
