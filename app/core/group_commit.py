"""Changes that wait for SQLite's one writer at the same time, made in one transaction.

A commit waits for the disk, and the next one waits for it. So the threads of a process that want to change
something line up. The first of them leads: it waits for its turn to write, makes every change that has lined up
by then, commits once and tells each of the others what came of its own. Whoever is first by then leads next.

Nothing of this is seen from outside: each change counts its own rows, sees what those before it did, and is durable
when its thread hears of it. Where one of several fails, all are undone and each is made alone.
"""

import sqlite3
from collections import deque
from contextlib import suppress
from copy import copy
from threading import Lock
from time import monotonic
from typing import Any

from app.core.sqlite_writers import anew_after_fork, locked
from app.core.turns import turns

# Other processes wait for as long as these take.
_MOST_AT_ONCE = 64


class Waiting:
    """A change in the line: a statement in the driver's words, and what came of it."""

    __slots__ = ("alone", "asked", "count", "error", "text", "told", "until")

    def __init__(self, text: str, asked: Any) -> None:
        self.text = text
        self.asked: Any = asked
        self.count = 0
        self.error: sqlite3.Error | None = None
        # One of those it was together with could not be made.
        self.alone = False
        # Held until there is something to hear; whoever leads at once has nothing to wait for.
        self.told: Any = None
        self.until: float | None = None

    def patience(self) -> float | None:
        """Return for how many seconds it may still wait; ``None`` when it has not waited yet."""
        return None if self.until is None else max(0.0, self.until - monotonic())


class Line:
    """Who waits to change one database, in one process; ``patience`` is how many seconds one waits."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.begin_anew()
        anew_after_fork(self)

    def begin_anew(self) -> None:
        """Forget who waits: after a fork they are threads of another process."""
        self._mutex = Lock()
        # Without a leader it is empty, and whoever leads is the first.
        self._waiting: deque[Waiting] = deque()
        self._leader: Waiting | None = None

    def leads(self, mine: Waiting) -> bool:
        """Line up; tell whether the caller is to ``write``, or somebody else did. In the end, ``leave``.

        Raises:
            sqlite3.Error: it was not written in time, or could not be.
        """
        with self._mutex:
            self._waiting.append(mine)
            if self._leader is None:
                self._leader = mine
                return True
            mine.told = Lock()
            mine.told.acquire()
        turns.give()
        mine.until = monotonic() + self._patience
        if not mine.told.acquire(timeout=self._patience):
            with self._mutex:
                if mine in self._waiting and self._leader is not mine:
                    # At once: a moment later it could be written after all.
                    self._waiting.remove(mine)
                    raise locked()
            # It is being written: only the disk can still make it wait, and its outcome must be known.
            if self._leader is not mine and not mine.told.acquire(timeout=self._patience):
                raise locked()
        if mine.error is not None:
            raise mine.error
        return self._leader is mine

    def write(self, connection: Any) -> int:
        """Make what has lined up, the leader's own first; return how many rows that one changed, durably.

        Raises:
            sqlite3.Error: the transaction could not begin, or nothing of it was made.
        """
        first = self._waiting[0]
        while True:
            connection.begin_writing(first.patience())
            batch = self._taken()
            if _made(connection, batch):
                return first.count
            for each in batch:
                each.alone = True
            with self._mutex:
                self._waiting.extendleft(reversed(batch))

    def leave(self, mine: Waiting) -> None:
        """Be in the line no longer; a leader lets the next one lead."""
        with self._mutex:
            if self._waiting:
                with suppress(ValueError):
                    self._waiting.remove(mine)
            if self._leader is mine:
                self._leader = self._waiting[0] if self._waiting else None
                if self._leader is not None:
                    self._leader.told.release()

    def _taken(self) -> list[Waiting]:
        waiting = self._waiting
        with self._mutex:
            batch = [waiting.popleft()]
            if not batch[0].alone:
                while waiting and not waiting[0].alone and len(batch) < _MOST_AT_ONCE:
                    batch.append(waiting.popleft())
        return batch


def _made(connection: Any, batch: list[Waiting]) -> bool:
    """Make all of ``batch``, or none; tell whether it was done, and all but the first of what came of it."""
    others = batch[1:]
    try:
        done = _ran(connection, batch)
        if done:
            connection.commit()
        else:
            connection.rollback()
    except BaseException as error:
        # Whatever ends this thread ends only this one; the others hear of it as of a database that fails.
        with suppress(sqlite3.Error):
            connection.rollback()
        for each in others:
            # One of its own for each: a traceback belongs to one thread.
            each.error = copy(error) if isinstance(error, sqlite3.Error) else _interrupted()
            each.told.release()
        raise
    if done:
        for each in others:
            each.told.release()
    return done


def _ran(connection: Any, batch: list[Waiting]) -> bool:
    try:
        for each in batch:
            each.count = connection.execute(each.text, each.asked).rowcount
    except Exception:
        if len(batch) == 1:
            raise
        return False
    return True


def _interrupted() -> sqlite3.OperationalError:
    return sqlite3.OperationalError("the transaction was interrupted")
