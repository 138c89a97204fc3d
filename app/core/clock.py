"""The one clock: every entry point asks it once and hands ``now`` down.

Services never read the time themselves, so a test can put any instant in their hands.
"""

from collections.abc import Callable
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """Return the present instant, aware and in UTC."""
    return _source()


def use(source: Callable[[], datetime] | None) -> None:
    """Read the time from ``source`` from now on; ``None`` returns to the system's clock."""
    global _source  # noqa: PLW0603 - one clock for a process is the point
    _source = source or _system


def epoch(instant: datetime) -> int:
    """Return ``instant`` as a NumericDate: whole seconds since 1970 (RFC 7519 section 2)."""
    return int(instant.timestamp())


def from_epoch(seconds: int) -> datetime:
    """Return the instant of a NumericDate."""
    return datetime.fromtimestamp(seconds, UTC)
