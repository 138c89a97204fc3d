"""The queue before SQLite's one writer, across the threads and processes of an installation.

SQLite lets one transaction write at a time and makes the others poll, asleep for up to a tenth of a second
between two looks: who has just come is as likely to be next as who has waited longest. Here the threads of a
process line up behind a lock, and the first of each process behind a lock on a file beside the database.

SQLite's own lock stays the one that counts. The queue only decides who asks for it, so a programme that does
not know the queue is waited for as ever.
"""

import fcntl
import os
import sqlite3
from itertools import count
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Any, Protocol
from weakref import WeakSet, finalize

from app.core.sqlite_log import Keeper
from app.core.turns import turns, writes

# A change and its commit take some tenths of a millisecond; only who waits for much longer may look less often.
_SHORT_PAUSE = 0.00005
_LONG_PAUSE = 0.002
_SHORT_PAUSES = 40
_MILLISECONDS = 1000


class Queue:
    """The writers of one database; ``patience`` is how many seconds one waits, in all."""

    def __init__(self, file: Path, *, patience: float, database: Path | None = None) -> None:
        self.patience = patience
        self._file = file
        self._keeper = None if database is None else Keeper(database, self)
        self.begin_anew()
        anew_after_fork(self)

    def begin_anew(self) -> None:
        """Forget whose turn it is: after a fork it is a thread's of another process."""
        self._first = Lock()
        # A descriptor that came through a fork would be the lock of both processes at once.
        self._descriptor = -1
        if self._keeper is not None:
            self._keeper.begin_anew()

    def enter(self, patience: float | None = None) -> float:
        """Wait for one's turn; return how many seconds of patience are left, of ``patience`` or of the whole.

        Raises:
            sqlite3.OperationalError: it did not come in time.
        """
        if patience is None:
            patience = self.patience
        end = monotonic() + patience
        if not self._first.acquire(timeout=patience):
            raise locked()
        try:
            self._lock_file(end)
        except BaseException:
            self._first.release()
            raise
        return max(0.0, end - monotonic())

    def leave(self) -> None:
        """Let the next one write."""
        if self._keeper is not None:
            self._keeper.note()
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._first.release()

    def _lock_file(self, end: float) -> None:
        if self._descriptor < 0:
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            finalize(self, os.close, self._descriptor)
        for look in count():
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if monotonic() >= end:
                    raise locked() from None
            else:
                return
            # A wait inside the kernel could not be given up when the holder is stuck.
            sleep(_SHORT_PAUSE if look < _SHORT_PAUSES else _LONG_PAUSE)


class Connection(sqlite3.Connection):
    """A connection whose writing transactions wait in ``queue`` for their turn."""

    queue: Queue | None = None
    _has_turn = False

    def begin_writing(self, patience: float | None = None) -> None:
        """Begin a transaction that may write; from here on until its end the thread waits more than it computes.

        Who has waited already says with ``patience`` for how many seconds it will wait still.

        Raises:
            sqlite3.OperationalError: somebody else writes for longer than one waits.
        """
        turns.give()
        if self.queue is None:
            self.execute("BEGIN IMMEDIATE")
            return
        left = self.queue.enter(patience)
        self._has_turn = True
        writes(now=True)
        try:
            self._begin(left, self.queue.patience)
        except BaseException:
            self._give_up_turn()
            raise

    def commit(self) -> None:
        """Commit; one that failed leaves the transaction, and the turn, to the rollback."""
        super().commit()
        self._give_up_turn()

    def rollback(self) -> None:
        """Undo the transaction."""
        try:
            super().rollback()
        finally:
            self._give_up_turn()

    def close(self) -> None:
        """Close; what was not committed is undone."""
        try:
            super().close()
        finally:
            self._give_up_turn()

    def _begin(self, left: float, patience: float) -> None:
        waited_long = left < patience / 2
        if waited_long:
            self._be_patient(left)
        try:
            self.execute("BEGIN IMMEDIATE")
        finally:
            if waited_long:
                self._be_patient(patience)

    def _be_patient(self, seconds: float) -> None:
        self.execute(f"PRAGMA busy_timeout={int(seconds * _MILLISECONDS)}")

    def _give_up_turn(self) -> None:
        if self._has_turn and self.queue is not None:
            self._has_turn = False
            writes(now=False)
            self.queue.leave()


def connection_factory(queue: Queue | None) -> Any:
    """Return what ``sqlite3.connect`` makes connections with."""
    return type("QueuedConnection", (Connection,), {"queue": queue})


def locked() -> sqlite3.OperationalError:
    """Return what SQLite itself would raise for who has waited in vain."""
    return sqlite3.OperationalError("database is locked")


class Waited(Protocol):
    """What threads wait in."""

    def begin_anew(self) -> None:
        """Forget who waits: after a fork they are threads of another process."""


def anew_after_fork(what: Waited) -> None:
    """Let ``what`` begin anew in every process that is forked from now on."""
    _waited.add(what)


def _begin_anew() -> None:
    for each in _waited:
        each.begin_anew()


_waited: WeakSet[Waited] = WeakSet()
# A fork takes no thread along but the one that forks.
os.register_at_fork(after_in_child=_begin_anew)
