"""Each worker's share of the processors."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import processors


@pytest.mark.parametrize(
    ("there", "workers", "shares"),
    [
        ({0, 1}, 2, [{0}, {1}]),
        ({3, 5}, 2, [{3}, {5}]),
        ({0, 1, 2, 3, 4}, 2, [{0, 1}, {2, 3, 4}]),
        ({0, 1, 2, 3}, 1, [{0, 1, 2, 3}]),
        ({0}, 3, [{0}, {0}, {0}]),
        ({0, 1}, 3, [{0}, {1}, {0}]),
    ],
)
def test_every_worker_has_a_share_and_no_processor_is_left_over(there, workers, shares):
    found = [processors.share(there, worker=each, workers=workers) for each in range(workers)]
    assert found == shares
    assert set().union(*found) == there


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="not on this system")
def test_a_thread_keeps_to_what_it_is_told_and_changes_nobody_else():
    before = processors.available()
    one = {min(before)}

    def elsewhere():
        processors.keep_to(one)
        return processors.available()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(elsewhere).result(20) == one
    assert processors.available() == before


def test_a_processor_that_is_gone_stops_nobody():
    before = processors.available()
    processors.keep_to({4095})
    assert processors.available() == before
