"""What was read a moment ago: a small cache that is never more than 0.9 seconds behind any node.

A change made in this process is seen at once, but never before it is committed: while a transaction
is open, it alone reads what it changed, past the cache; when it ends, the entry is dropped. A value
whose reading began before such an end is not kept. What does not exist is never remembered, so a
flood of invented names displaces nothing.
"""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, SessionTransaction

from app.core.db import db

LIFETIME = 0.9
CAPACITY = 10_000
_CHANGED = "signet.recent.changed"

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by name. ``clock`` counts seconds and never goes back."""

    def __init__(
        self,
        *,
        lifetime: float = LIFETIME,
        capacity: int = CAPACITY,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._lifetime = lifetime
        self._capacity = capacity
        self._clock = clock
        self._entries: dict[str, tuple[float, Value]] = {}
        self._lock = Lock()
        self._endings = 0
        self._changing = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str, read: Callable[[str], Value | None]) -> Value | None:
        """Return the value of ``name``, from memory while it is recent, else from ``read``."""
        if self._changing and (self, name) in db.session().info.get(_CHANGED, ()):
            return read(name)
        # The age counts from before the reading: whatever is committed later is missing from it.
        begun = self._clock()
        entry = self._entries.get(name)
        if entry is not None and begun < entry[0]:
            return entry[1]
        endings = self._endings
        value = read(name)
        if value is not None:
            self._keep(name, (begun + self._lifetime, value), endings)
        return value

    def change(self, name: str) -> None:
        """Say, before the statement, that the current transaction changes ``name``."""
        changed = db.session().info.setdefault(_CHANGED, set())
        if (self, name) not in changed:
            with self._lock:
                self._changing += 1
            changed.add((self, name))

    def settle(self, name: str) -> None:
        """Forget ``name``: a transaction that changed it has ended."""
        with self._lock:
            self._changing -= 1
            self._endings += 1
            self._entries.pop(name, None)

    def _keep(self, name: str, entry: tuple[float, Value], endings: int) -> None:
        with self._lock:
            if endings != self._endings:
                return
            self._entries.pop(name, None)
            if len(self._entries) >= self._capacity:
                del self._entries[next(iter(self._entries))]
            self._entries[name] = entry


# What was read belongs to the database it was read from.
_by_database: WeakKeyDictionary[Engine, dict[str, Recent[Any]]] = WeakKeyDictionary()


def of(noun: str) -> Recent[Any]:
    """Return the cache of ``noun`` as the running application's database has it."""
    caches = _by_database.get(db.engine)
    if caches is None:
        caches = _by_database.setdefault(db.engine, {})
    found = caches.get(noun)
    return found if found is not None else caches.setdefault(noun, Recent())


@event.listens_for(db.session, "after_transaction_end")
def _transaction_ended(session: Session, transaction: SessionTransaction) -> None:
    # Committed, rolled back or abandoned: all three end here. A savepoint is not an end.
    if transaction.parent is None and _CHANGED in session.info:
        for cache, name in session.info.pop(_CHANGED):
            cache.settle(name)
