"""Who is asking: the facts of the current request that every record wants to carry.

The edge sets it once; the layers below read it without knowing what HTTP is. The command line and the
jobs set their own.
"""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """Where a change comes from. ``address`` is the real client address, ``actor`` who acts in another's name."""

    request_id: str = ""
    address: str | None = None
    agent: str | None = None
    actor: str | None = None


_caller: ContextVar[Caller] = ContextVar("signet_caller", default=Caller())  # noqa: B039 - frozen


def caller() -> Caller:
    """Return the caller of the current request, or an empty one outside any."""
    return _caller.get()


def set_caller(value: Caller) -> None:
    """Make ``value`` the caller of everything that follows in this thread."""
    _caller.set(value)
