"""Slots for hashing: how many passwords a process hashes at once, and how many more may wait.

Argon2 is made to cost memory and time. Without a bound, whoever sends many wrong passwords at once
takes both from everybody; with it, the rest of the server never notices.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from app.core import config, metrics
from app.core.errors import UnavailableError

_making = threading.Lock()
_made: dict[tuple[int, int], "Slots"] = {}


class Slots:
    """A number of slots, and of places to wait for one."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = threading.Semaphore(running)
        self._places = threading.Semaphore(waiting)

    @contextmanager
    def one(self, *, wait: float) -> Iterator[None]:
        """Hold a slot, after waiting at most ``wait`` seconds for it.

        Raises:
            UnavailableError: nobody else may wait, or the wait was over first.
        """
        if not self._free.acquire(blocking=False):
            self._queue(wait)
        try:
            with _figured("running"):
                yield
        finally:
            self._free.release()

    def _queue(self, wait: float) -> None:
        if not self._places.acquire(blocking=False):
            raise UnavailableError(
                retry_after=ceil(wait), detail="too many wait to hash a password"
            )
        try:
            with _figured("waiting"):
                is_ours = self._free.acquire(timeout=wait)
            if not is_ours:
                raise UnavailableError(retry_after=ceil(wait), detail="no slot to hash a password")
        finally:
            self._places.release()


@contextmanager
def _figured(state: str) -> Iterator[None]:
    metrics.password_hashes(state, 1)
    try:
        yield
    finally:
        metrics.password_hashes(state, -1)


@contextmanager
def slot() -> Iterator[None]:
    """Hold one of this process's slots, as the settings bound them.

    Raises:
        UnavailableError: the server is busy hashing; answered with 503.
    """
    settings = config.current().passwords
    bounds = (settings.max_concurrent_hashes, settings.max_waiting_hashes)
    with _making:
        slots = _made.get(bounds) or _made.setdefault(bounds, Slots(*bounds))
    with slots.one(wait=settings.max_hash_wait.total_seconds()):
        yield
