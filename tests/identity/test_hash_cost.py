"""What is proposed for a machine; how fast it is, the test says."""

import pytest

from app.identity import hash_cost
from app.identity.hash_cost import LEAST, Cost

MEBIBYTE = 1024
PLENTY = 4 * 1024 * MEBIBYTE


class Machine:
    """It passes over ``speed`` KiB in a second, and remembers what it was asked."""

    def __init__(self, speed):
        self.speed = speed
        self.asked = []

    def __call__(self, cost):
        self.asked.append(cost)
        return cost.memory_kib * cost.passes / self.speed


def propose(machine, *, seconds=0.25, most_memory_kib=PLENTY):
    return hash_cost.propose(seconds, most_memory_kib=most_memory_kib, measure=machine)


@pytest.mark.spec("RFC 9106", "4")
class TestMemoryFirst:
    @pytest.mark.parametrize("speed", [200_000, 1_000_000, 7_654_321, 30_000_000])
    def test_time_that_is_left_goes_into_memory(self, speed):
        found = propose(Machine(speed))
        assert found.fits
        assert found.cost.passes == LEAST.passes
        assert found.cost.memory_kib > LEAST.memory_kib
        assert 0.25 * 0.85 < found.seconds <= 0.25

    def test_when_there_is_no_more_memory_the_rest_goes_into_passes(self):
        found = propose(Machine(1_000_000), most_memory_kib=32 * MEBIBYTE)
        assert found.cost == Cost(memory_kib=32 * MEBIBYTE, passes=7)
        assert found.fits

    def test_memory_is_never_more_than_it_may_be(self):
        machine = Machine(1_000_000_000)
        found = propose(machine, most_memory_kib=100 * MEBIBYTE + 5)
        assert found.cost.memory_kib == 100 * MEBIBYTE
        assert max(cost.memory_kib for cost in machine.asked) <= 100 * MEBIBYTE

    def test_passes_are_never_more_than_the_settings_take(self):
        found = propose(Machine(1_000_000_000), seconds=10, most_memory_kib=LEAST.memory_kib)
        assert found.cost == Cost(LEAST.memory_kib, passes=64)

    def test_a_machine_that_slows_down_with_memory_is_still_kept_within_the_time(self):
        def slowing(cost):
            return cost.passes * (cost.memory_kib / 1_000_000) ** 1.5

        found = propose(slowing)
        assert found.fits
        assert found.seconds <= 0.25
        assert found.cost.memory_kib > 2 * LEAST.memory_kib

    def test_passes_that_turn_out_too_slow_are_taken_back(self):
        def slow_later(cost):
            return cost.memory_kib * cost.passes / 1_000_000 + (1 if cost.passes > 4 else 0)

        found = propose(slow_later, most_memory_kib=LEAST.memory_kib)
        assert found.cost.passes == 4
        assert found.fits


@pytest.mark.spec("ASVS 5.0", "11.4.2")
@pytest.mark.parametrize("seconds", [0.01, 0.1])
def test_a_slow_machine_is_proposed_the_least_and_told_that_it_takes_longer(seconds):
    found = propose(Machine(100_000), seconds=seconds)
    assert (found.cost, found.fits) == (LEAST, False)
    assert found.seconds > seconds


def test_the_least_are_the_defaults_of_the_settings(settings_of_defaults):
    defaults = settings_of_defaults.passwords
    assert (
        Cost(defaults.argon2_memory_kib, defaults.argon2_time_cost, defaults.argon2_parallelism)
        == LEAST
    )


@pytest.fixture
def settings_of_defaults(tmp_path):
    from app.core.settings_loader import load

    return load({}, folder=tmp_path)


def test_it_ends_soon_even_on_a_machine_of_moods():
    moods = iter([0.01, 0.3, 0.01] * 100)
    asked = []

    def moody(cost):
        asked.append(cost)
        return next(moods)

    propose(moody)
    assert len(asked) < 20


def test_a_real_verification_takes_some_time():
    assert 0 < hash_cost.measured(Cost(memory_kib=64, passes=1), at_once=2) < 60
