"""Memory that is no longer needed, given back to the system.

The GNU C library keeps what was freed for the next who asks, whatever its size. After a burst of work that needed
much, that is as good as lost to the rest of the machine.
"""

from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return free memory to the system, where the C library can."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    # Imported at the first pause after work, not at the start.
    import ctypes

    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim
