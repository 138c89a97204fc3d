"""Slots for hashing: how many passwords a process hashes at once, and how many more may wait.

Argon2 is made to cost memory and time. Without a bound, whoever sends many wrong passwords at once
takes both from everybody; with it, the rest of the server hardly notices.

A slot is a thread of its own. Where the system can, these threads come after all others: a token waits
for no password. And where the C library keeps the memory of the last hash, as it does of argon2-cffi's,
it keeps it for each thread that ever hashed: with the threads that answer requests this would grow with
their number. After a pause it goes back to the system.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from math import ceil
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from app.core import config, memory, metrics, priority, processors
from app.core.errors import UnavailableError
from app.core.turns import breathe, turns

Result = TypeVar("Result")

# Between two hashes of a busy hour what is free stays: to take it anew costs more than it is worth.
_PAUSE_SECONDS = 1.0

_making = threading.Lock()
_made: dict[tuple[int, int], "Slots"] = {}


class Elsewhere(Protocol):
    """What runs work on the thread of a slot, and waits for it."""

    def __call__(self, work: Callable[[], Result], /) -> Result:
        """Return what ``work`` returns, or raise what it raises."""


class Slots:
    """A number of slots, and of places to wait for one; who came first is served first."""

    def __init__(self, running: int, waiting: int) -> None:
        self._lock = threading.Lock()
        self._free = running
        self._places = waiting
        self._waiting: deque[threading.Event] = deque()
        self._work = SimpleQueue[tuple[Callable[[], Any], Future[Any]]]()
        # Its threads are started when they are first needed.
        self._missing = running

    @contextmanager
    def one(self, *, wait: float) -> Iterator[Elsewhere]:
        """Hold a slot, after waiting at most ``wait`` seconds for it; yield what runs work in it.

        Raises:
            UnavailableError: nobody else may wait, or the wait was over first.
        """
        self._take(wait)
        try:
            with _figured("running"):
                yield self._run
        finally:
            self._give_back()

    def _run(self, work: Callable[[], Result], /) -> Result:
        with self._lock:
            starting, self._missing = self._missing > 0, max(0, self._missing - 1)
        if starting:
            threading.Thread(target=_hash, args=(self._work,), name="hash", daemon=True).start()
        done = Future[Result]()
        self._work.put((work, done))
        return done.result()

    def _take(self, wait: float) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._waiting) >= self._places:
                raise UnavailableError(
                    retry_after=ceil(wait), detail="too many wait to hash a password"
                )
            mine = threading.Event()
            self._waiting.append(mine)
        with _figured("waiting"):
            mine.wait(wait)
        with self._lock:
            # It may have become ours between the end of the wait and now.
            if not mine.is_set():
                self._waiting.remove(mine)
                raise UnavailableError(retry_after=ceil(wait), detail="no slot to hash a password")

    def _give_back(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


def _hash(queue: SimpleQueue[tuple[Callable[[], Any], Future[Any]]]) -> None:
    processors.keep_to(processors.everything)
    priority.come_last()
    while True:
        try:
            work, done = queue.get(timeout=_PAUSE_SECONDS)
        except Empty:
            memory.give_back()
            work, done = queue.get()
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
            done.set_exception(error)
        # Nothing of a password stays behind for as long as nobody signs in.
        del work, done


@contextmanager
def _figured(state: str) -> Iterator[None]:
    metrics.password_hashes(state, 1)
    try:
        yield
    finally:
        metrics.password_hashes(state, -1)


@contextmanager
def slot() -> Iterator[Elsewhere]:
    """Hold one of this process's slots, as the settings bound them; yield what runs work in it.

    Raises:
        UnavailableError: the server is busy hashing; answered with 503.
    """
    settings = config.current().passwords
    bounds = (settings.max_concurrent_hashes, settings.max_waiting_hashes)
    with _making:
        slots = _made.get(bounds) or _made.setdefault(bounds, Slots(*bounds))
    with turns.waiting(), slots.one(wait=settings.max_hash_wait.total_seconds()) as elsewhere:
        yield elsewhere
    breathe()


# A fork takes no thread along but the one that forks.
os.register_at_fork(after_in_child=_made.clear)
