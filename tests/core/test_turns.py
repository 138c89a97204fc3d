"""Turns: one thread computes at a time, as a courtesy."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.turns import Turns, breathe, writes

HANG = 20


@pytest.fixture
def turns():
    return Turns()


def in_another_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(HANG)


def overlaps(turns, work, *, threads=6):
    """Return how many threads were at ``work`` at once, at most."""
    inside, most, counting = 0, 0, threading.Lock()

    def visit(_number):
        nonlocal inside, most
        turns.take()
        with counting:
            inside += 1
            most = max(most, inside)
        work()
        with counting:
            inside -= 1
        turns.give()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(visit, range(threads)))
    return most


def test_one_thread_computes_at_a_time(turns):
    assert overlaps(turns, lambda: time.sleep(0.001)) == 1


def test_whoever_waits_lets_others_compute(turns):
    turns.take()
    with turns.waiting():
        assert in_another_thread(lambda: overlaps(turns, lambda: None)) == 1
    turns.give()


def test_from_whoever_keeps_the_turn_it_is_taken(turns):
    turns.take()
    in_another_thread(turns.take)
    # What the first gives back is not its own any more: the next one has to wait for the second.
    turns.give()
    assert turns._holder is not None


def test_a_turn_that_was_taken_away_comes_to_whoever_is_next(turns):
    turns.take()
    started, done = threading.Event(), threading.Event()

    def second():
        turns.take()
        started.set()
        assert done.wait(HANG)
        turns.give()

    with ThreadPoolExecutor(1) as pool:
        visit = pool.submit(second)
        assert started.wait(HANG)
        turns.give()
        done.set()
        visit.result(HANG)
    assert overlaps(turns, lambda: time.sleep(0.001)) == 1


def test_without_the_turn_there_is_nothing_to_give_or_to_take_again(turns):
    turns.give()
    with turns.waiting():
        pass
    in_another_thread(lambda: (turns.take(), turns.give()))
    assert turns._holder is None


def test_a_crowd_that_takes_it_from_one_another_loses_no_turn(turns, monkeypatch):
    monkeypatch.setattr("app.core.turns._PATIENCE_SECONDS", 0.0001)
    overlaps(turns, lambda: time.sleep(0.0005), threads=16)
    for _ in range(20):
        overlaps(turns, lambda: None, threads=16)
    assert turns._holder is None


def test_a_turn_that_came_too_late_and_was_taken_at_once_hurts_nobody(turns, monkeypatch):
    turns.take()
    taken_by_another = object()

    class Late:
        """A wait that ends without the turn, which comes right after it and goes to somebody else."""

        def __init__(self):
            self.came = self

        def acquire(self, **_):
            gives_and_loses()
            return False

        def release(self):
            """Be told, too late."""

    def gives_and_loses():
        with turns._changing:
            turns._holder = turns._next()
        turns._holder = taken_by_another

    monkeypatch.setattr("app.core.turns._Turn", Late)
    turns.take()
    assert turns._holder is taken_by_another
    turns.give()
    # What was another's is still another's.
    assert turns._holder is taken_by_another


def test_those_with_little_to_compute_go_first_and_each_kind_in_order(turns, monkeypatch):
    monkeypatch.setattr("app.core.turns._PATIENCE_SECONDS", HANG)
    order, ready = [], threading.Barrier(5)

    def visit(name, *, brief):
        ready.wait(HANG)
        # In the order of their names.
        time.sleep(0.005 * int(name[-1]))
        turns.take(brief=brief)
        order.append(name)
        turns.give()

    turns.take()
    with ThreadPoolExecutor(4) as pool:
        kinds = {"page 1": False, "page 2": False, "token 3": True, "token 4": True}
        visits = [pool.submit(visit, name, brief=brief) for name, brief in kinds.items()]
        ready.wait(HANG)
        while len(turns._brief) + len(turns._long) < 4:
            time.sleep(0.001)
        turns.give()
        for each in visits:
            each.result(HANG)
    assert order == ["token 3", "token 4", "page 1", "page 2"]


def test_only_those_with_much_to_compute_let_others_go_first(turns, monkeypatch):
    times = []
    monkeypatch.setattr("app.core.turns._give_way", lambda: times.append(1))
    in_another_thread(lambda: (turns.take(brief=True), breathe(), turns.give()))
    in_another_thread(lambda: (writes(now=True), breathe(), writes(now=False)))
    assert not times
    in_another_thread(lambda: (turns.take(), breathe(), turns.give()))
    in_another_thread(breathe)
    assert len(times) == 2


def test_whoever_is_waited_for_makes_haste(turns, monkeypatch):
    times = []
    monkeypatch.setattr("app.core.turns._give_way", lambda: times.append(1))
    monkeypatch.setattr("app.core.turns.turns", turns)
    monkeypatch.setattr("app.core.turns._PATIENCE_SECONDS", HANG)
    turns.take()
    breathe()
    assert times == [1]
    with ThreadPoolExecutor(1) as pool:
        machine = pool.submit(lambda: (turns.take(brief=True), turns.give()))
        while not turns.awaited:
            time.sleep(0.001)
        breathe()
        assert times == [1]
        turns.give()
        machine.result(HANG)
    assert not turns.awaited
