"""The cost of a password hash: what this machine can afford in a given time.

Specs:
    RFC 9106 section 4    memory first, as much as there is; then passes, until the time is used up
    ASVS 5.0 11.4.2       never less than the defaults, which are OWASP's minimum

One lane is enough: a server hashes several passwords at once, and their threads use the processors that
the lanes of one hash would.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

from argon2 import PasswordHasher

from app.identity import argon2id


@dataclass(frozen=True)
class Cost:
    """The parameters of Argon2id: memory in KiB, passes, lanes."""

    memory_kib: int
    passes: int
    lanes: int = 1


@dataclass(frozen=True)
class Proposal:
    """A cost and the ``seconds`` that a verification takes; ``fits`` if that is no more than was asked."""

    cost: Cost
    seconds: float
    fits: bool


LEAST = Cost(memory_kib=19456, passes=2)
# What the settings take at most.
MOST_MEMORY_KIB = 4194304
_MOST_PASSES = 64
_MEBIBYTE = 1024
# Memory is settled when a better guess would change it by less than a twentieth.
_CLOSE = 1.05
_GUESSES = 8
_LEAST_RUNS, _MOST_RUNS = 3, 15
_LONG_ENOUGH = 1.0
_PASSWORD = b"any password costs the same"


def propose(seconds: float, *, most_memory_kib: int, measure: Callable[[Cost], float]) -> Proposal:
    """Return the strongest cost whose verification takes at most ``seconds``.

    ``measure`` returns how many seconds a verification of a cost takes. Where even the least takes longer, that
    is proposed all the same.
    """
    least = Proposal(LEAST, measure(LEAST), fits=True)
    if least.seconds > seconds:
        return replace(least, fits=False)
    with_memory = _more_memory(least, seconds, most_memory_kib, measure)
    return _more_passes(with_memory, seconds, measure)


def _more_memory(
    found: Proposal, seconds: float, most_memory_kib: int, measure: Callable[[Cost], float]
) -> Proposal:
    too_much = most_memory_kib + 1
    for _ in range(_GUESSES):
        memory = found.cost.memory_kib
        # Time grows with memory, nearly in proportion.
        guess = min(int(memory * seconds / found.seconds), too_much - 1)
        if too_much <= most_memory_kib and guess * _CLOSE > too_much:
            guess = (memory + too_much) // 2
        guess -= guess % _MEBIBYTE
        if guess < memory * _CLOSE:
            break
        cost = replace(found.cost, memory_kib=guess)
        took = measure(cost)
        if took <= seconds:
            found = Proposal(cost, took, fits=True)
        else:
            too_much = guess
    return found


def _more_passes(found: Proposal, seconds: float, measure: Callable[[Cost], float]) -> Proposal:
    guess = min(_MOST_PASSES, int(found.cost.passes * seconds / found.seconds))
    too_many = guess + 1
    while found.cost.passes < guess < too_many:
        cost = replace(found.cost, passes=guess)
        took = measure(cost)
        if took <= seconds:
            found = Proposal(cost, took, fits=True)
        else:
            too_many = guess
        guess = (found.cost.passes + too_many) // 2
    return found


def measured(cost: Cost, *, at_once: int) -> float:
    """Return the median time of a verification, in seconds, while ``at_once`` threads verify.

    Raises:
        UnavailableError: the system has no memory for hashes of that cost.
    """
    hasher = PasswordHasher(
        memory_cost=cost.memory_kib, time_cost=cost.passes, parallelism=cost.lanes
    )
    stored = argon2id.hashed(hasher, _PASSWORD)
    together = threading.Barrier(at_once)

    def verify_again_and_again(_: int) -> list[float]:
        # The first one also loads what the others find loaded.
        argon2id.matches(stored, _PASSWORD)
        together.wait()
        times: list[float] = []
        while len(times) < _LEAST_RUNS or (sum(times) < _LONG_ENOUGH and len(times) < _MOST_RUNS):
            began = time.perf_counter()
            argon2id.matches(stored, _PASSWORD)
            times.append(time.perf_counter() - began)
        return times

    with ThreadPoolExecutor(at_once) as pool:
        found = [
            each for times in pool.map(verify_again_and_again, range(at_once)) for each in times
        ]
    return median(found)
