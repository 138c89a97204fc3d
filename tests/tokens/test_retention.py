"""How the purge goes about its work; what it deletes is told by the tests of each kind."""

import pytest

from app.tokens import retention


@pytest.fixture
def hours(monkeypatch):
    """A clock that moves when somebody works or sleeps, and what was slept."""
    passed, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        passed[0] += seconds

    monkeypatch.setattr(retention, "monotonic", lambda: passed[0])
    monkeypatch.setattr(retention, "sleep", sleep)
    return passed, slept


def test_after_each_batch_it_rests_for_as_long_as_batch_and_commit_took(hours):
    passed, slept = hours

    def batches():
        for seconds in (2.0, 0.5):
            passed[0] += seconds
            yield "grants", 100

    commit = 0.25
    for _ in retention._rested(batches()):
        passed[0] += commit
    assert slept == [2.25, 0.75]


def test_a_batch_is_small_enough_that_nobody_waits_long_for_it():
    assert retention.BATCH <= 100
