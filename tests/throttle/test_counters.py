from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.db import db
from app.throttle import counters
from app.throttle.counters import Counted, Limit, ThrottledError
from tests.identity.installation import NOW, race

SECOND = timedelta(seconds=1)
LIMIT = Limit("password.test", free=3, cap=10 * SECOND, memory=timedelta(hours=1))


def waits(count, *, limit=LIMIT, subject="ada"):
    """Return the wait after each of ``count`` failures, each at the end of the wait before."""
    now, found = NOW, []
    for _ in range(count):
        until = counters.fail(Counted(limit, subject), now=now)
        found.append((until - now).total_seconds())
        now = until
    return found


@pytest.mark.usefixtures("app_context")
class TestCounting:
    @pytest.mark.spec("ASVS 5.0", "6.3.1")
    def test_the_wait_grows_after_the_free_failures_up_to_the_cap(self):
        assert waits(9) == [0, 0, 0, 1, 2, 4, 8, 10, 10]

    def test_a_cap_below_the_first_wait_is_the_wait(self):
        short = Limit("short", free=1, cap=SECOND, memory=timedelta(hours=1))
        assert waits(4, limit=short) == [0, 1, 1, 1]

    def test_a_subject_that_must_wait_is_told_how_long(self):
        waits(6)
        until = NOW + timedelta(seconds=7)
        with pytest.raises(ThrottledError) as refused:
            counters.check([Counted(LIMIT, "ada")], now=until - timedelta(seconds=2.5))
        assert refused.value.retry_after == 3
        counters.check([Counted(LIMIT, "ada")], now=until)

    def test_a_refused_attempt_changes_nothing(self):
        waits(5)
        before = db.session.execute(text("SELECT * FROM throttle_counters")).all()
        for _ in range(50):
            with pytest.raises(ThrottledError):
                counters.check([Counted(LIMIT, "ada")], now=NOW + SECOND)
        assert db.session.execute(text("SELECT * FROM throttle_counters")).all() == before

    def test_within_the_free_failures_nobody_waits(self):
        waits(3)
        counters.check([Counted(LIMIT, "ada")], now=NOW)
        assert counters.is_spent(Counted(LIMIT, "ada"), now=NOW)

    def test_an_attempt_that_began_before_a_free_failure_was_counted_does_not_wait_for_it(self):
        waits(1)
        counters.check([Counted(LIMIT, "ada")], now=NOW - SECOND)

    def test_two_free_failures_are_not_spent(self):
        waits(2)
        assert not counters.is_spent(Counted(LIMIT, "ada"), now=NOW)

    def test_failures_are_forgotten_after_the_memory(self):
        waits(6)
        later = NOW + timedelta(seconds=7) + LIMIT.memory
        assert not counters.is_spent(Counted(LIMIT, "ada"), now=later)
        assert counters.fail(Counted(LIMIT, "ada"), now=later) == later

    def test_a_failure_renews_the_memory(self):
        waits(3)
        almost = NOW + LIMIT.memory - SECOND
        assert counters.fail(Counted(LIMIT, "ada"), now=almost) == almost + SECOND
        assert counters.is_spent(Counted(LIMIT, "ada"), now=almost + LIMIT.memory - SECOND)

    def test_one_subject_does_not_slow_another(self):
        waits(6)
        counters.check([Counted(LIMIT, "bob")], now=NOW)

    def test_one_factor_does_not_slow_another(self):
        waits(6)
        other = Limit("totp.test", free=3, cap=LIMIT.cap, memory=LIMIT.memory)
        counters.check([Counted(other, "ada")], now=NOW)

    def test_of_several_counters_the_slowest_says_how_long_to_wait(self):
        waits(2, subject="bob")
        waits(4, subject="ada")
        waits(6, subject="cyd")
        every = [Counted(LIMIT, subject) for subject in ("bob", "cyd", "ada", "nobody")]
        for order in (every, every[::-1]):
            with pytest.raises(ThrottledError) as refused:
                counters.check(order, now=NOW)
            assert refused.value.retry_after == 7

    def test_counters_that_are_all_free_let_an_attempt_pass(self):
        waits(3, subject="ada")
        waits(6, subject="cyd")
        counters.check([Counted(LIMIT, "ada"), Counted(LIMIT, "nobody")], now=NOW)

    def test_what_is_cleared_together_is_all_that_is_cleared(self):
        for subject in ("ada", "bob", "cyd"):
            waits(3, subject=subject)
        counters.clear([Counted(LIMIT, "ada"), Counted(LIMIT, "bob")])
        assert [counters.is_spent(Counted(LIMIT, name), now=NOW) for name in ("ada", "bob", "cyd")] == [
            False, False, True,
        ]  # fmt: skip

    def test_a_cleared_subject_is_as_good_as_new(self):
        waits(6)
        counters.clear([Counted(LIMIT, "ada")])
        assert waits(4) == [0, 0, 0, 1]

    def test_the_table_names_nobody(self):
        waits(1, subject="ada@example.com")
        [row] = db.session.execute(text("SELECT * FROM throttle_counters"))
        assert not any("ada" in str(value) for value in row)

    def test_purging_takes_what_is_forgotten_in_batches_and_no_other(self):
        for name in ("ada", "bob", "cyd"):
            counters.fail(Counted(LIMIT, name), now=NOW)
        counters.fail(Counted(LIMIT, "dan"), now=NOW + SECOND)
        later = NOW + LIMIT.memory
        assert counters.purge(later, batch=2) == 2
        assert counters.purge(later, batch=2) == 1
        assert counters.purge(later, batch=2) == 0
        assert db.session.execute(text("SELECT count(*) FROM throttle_counters")).scalar() == 1

    @pytest.mark.parametrize("subject", ["", "\ud800", "a\0b", "x" * 100_000])
    def test_any_text_can_be_counted(self, subject):
        assert waits(1, subject=subject) == [0]


def test_twenty_failures_at_once_are_counted_exactly(app):
    results = race(app, 20, lambda _: counters.fail(Counted(LIMIT, "ada"), now=NOW))
    with app.app_context():
        [failures] = db.session.scalars(text("SELECT failures FROM throttle_counters"))
    assert failures == 20
    assert sorted(results) == sorted(NOW + LIMIT.delay(number) for number in range(1, 21))
