"""Memory that is no longer needed, given back to the system.

The GNU C library keeps what was freed for the next who asks, and of its pools for other threads than the first it
never returns the end. So the threads of a server share one pool, which costs nothing where they compute in turn, and
after a burst of work what is free goes back.
"""

from collections.abc import Callable
from functools import cache

# Of mallopt: the number of its option.
_ARENA_MAX = -8


def share_one_pool() -> None:
    """Let all threads that this process and its children start from now on share one pool of memory."""
    set_option = _of_the_c_library("mallopt")
    if set_option is not None:
        set_option(_ARENA_MAX, 1)


def give_back() -> None:
    """Return free memory to the system, where the C library can."""
    trim = _of_the_c_library("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _of_the_c_library(name: str) -> Callable[..., int] | None:
    # Imported here: a command that is over in a moment has no use for it.
    import ctypes

    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    return found
