"""SQLite's write-ahead log, emptied beside those who write.

Specs:
    sqlite.org/wal.html section 2.1, 2.3    checkpoints, and when the log begins anew

By itself SQLite empties the log inside the commit that made it long. On a large database the thousand pages of a log
belong to a thousand places, and all who wait to write wait for them. Here a thread of its own does it while others
write, and takes the turn to write only for what they added meanwhile: without that the log would never be empty, so
never begin anew, and a file that grows makes each commit slower.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Protocol
from weakref import finalize, ref

import structlog

# So often a process looks after the log: some hundred pages, as a transaction here changes a few.
_EVERY = 200
# Transactions that change many pages may make the log longer first; then the commit empties it after all.
LONGEST = 4000
_EMPTY = "PRAGMA wal_checkpoint(PASSIVE)"

log = structlog.get_logger(__name__)


class Writers(Protocol):
    """The line of those who write."""

    def enter(self) -> float:
        """Wait for the turn to write; raise ``sqlite3.OperationalError`` if it does not come."""

    def leave(self) -> None:
        """Let the next one write."""


class Keeper:
    """Who empties the log of ``database`` in this process; ``queue`` is the line of those who write it."""

    def __init__(self, database: Path, queue: Writers) -> None:
        self._database = database
        self._queue = ref(queue)
        self._written = 0
        self._bell: Event | None = None

    def begin_anew(self) -> None:
        """Forget the thread: a fork did not take it along."""
        self._written, self._bell = 0, None

    def note(self) -> None:
        """Count one transaction. The caller has the turn to write, so nobody else is here."""
        self._written += 1
        if self._written < _EVERY:
            return
        self._written = 0
        if self._bell is None:
            self._start()
        else:
            self._bell.set()

    def _start(self) -> None:
        bell = Event()
        bell.set()
        arguments = (self._database, self._queue, bell)
        try:
            Thread(target=_keep, args=arguments, name="signet-log", daemon=True).start()
        except RuntimeError as error:
            # What was written is written; until there is a thread the commits empty the log.
            log.warning("database.log_has_no_keeper", error=type(error).__name__)
            return
        # The thread ends with the queue, not the other way round.
        finalize(self._queue(), bell.set)
        self._bell = bell


def _keep(database: Path, queue: ref[Writers], bell: Event) -> None:
    while True:
        bell.wait()
        bell.clear()
        writers = queue()
        if writers is None:
            return
        try:
            _empty(database, writers)
        except (sqlite3.Error, OSError) as error:
            # Somebody writes for long, the disk is full or no file can be opened; the next time is soon.
            log.info("database.log_not_emptied", error=type(error).__name__)
        del writers


def _empty(database: Path, writers: Writers) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(_EMPTY).fetchone()
        writers.enter()
        try:
            connection.execute(_EMPTY).fetchone()
        finally:
            writers.leave()
