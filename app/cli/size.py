"""How much of the machine a server takes by itself: what nobody set follows from the processors there are."""

from math import ceil

from app.core.processors import available

# One for each processor, but more than two are worth their memory only where somebody says so.
_MOST_WORKERS = 2
# A container may see many more processors than it may use of their time.
_MOST_HASHES = 2


def workers(asked: int | None) -> int:
    """Return how many processes answer when ``asked`` were asked for, or none were."""
    return asked or min(_MOST_WORKERS, processors())


def hashes(processes: int) -> int:
    """Return how many passwords each of the ``processes`` hashes at once: enough for every processor, two at most.

    More would be no faster, and take memory for each.
    """
    return min(_MOST_HASHES, ceil(processors() / processes))


def processors() -> int:
    """Return how many processors there are."""
    return len(available())
