"""The processors that there are, and each worker's share of them.

A worker computes in one thread at a time, and what it waits for is woken by another of its threads. Where these run
on different processors, each request pays for messages between them and for cold caches. So a worker keeps to its
share; only the threads that hash passwords, which run beside it, use every processor.
"""

import os
from collections.abc import Iterable
from contextlib import suppress


def available() -> frozenset[int]:
    """Return the numbers of the processors that this thread may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    # Elsewhere they have no numbers, and nobody can be told to keep to one.
    return frozenset(range(os.cpu_count() or 1))


def share(processors: Iterable[int], *, worker: int, workers: int) -> frozenset[int]:
    """Return the share of ``worker``, counted from 0, among ``workers``; where there are too few, they are shared."""
    ordered = sorted(processors)
    if workers >= len(ordered):
        return frozenset({ordered[worker % len(ordered)]})
    return frozenset(
        ordered[worker * len(ordered) // workers : (worker + 1) * len(ordered) // workers]
    )


def keep_to(processors: Iterable[int]) -> None:
    """Let this thread, and those that it starts from now on, run on ``processors`` alone, where the system can.

    It is a wish: a processor that was taken away meanwhile is no reason to serve nobody.
    """
    if hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, processors)


# As the first process found them, before any worker took its share.
everything = available()
