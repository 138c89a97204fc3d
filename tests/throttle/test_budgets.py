from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.db import db
from app.throttle import budgets, counters
from app.throttle.budgets import Budget
from app.throttle.counters import Counted, Limit, ThrottledError
from tests.identity.installation import NOW, race

SECOND = timedelta(seconds=1)
BUDGET = Budget("registration", allowed=3, window=timedelta(minutes=1))


def spend(count=1, *, budget=BUDGET, subject="192.0.2.1", now=NOW):
    for _ in range(count):
        budgets.spend(budget, subject, now=now)


def wait(**options):
    with pytest.raises(ThrottledError) as refused:
        spend(**options)
    return refused.value.retry_after


@pytest.mark.usefixtures("app_context")
class TestSpending:
    @pytest.mark.spec("ASVS 5.0", "2.4.1")
    def test_so_much_is_allowed_and_no_more(self):
        spend(3)
        assert wait() == 60

    @pytest.mark.spec("RFC 6585", "4")
    def test_who_spent_all_is_told_when_to_come_back(self):
        spend(3)
        assert wait(now=NOW + 10.5 * SECOND) == 50
        assert wait(now=NOW + 59.9 * SECOND) == 1

    def test_asking_in_vain_prolongs_nothing(self):
        spend(3)
        for seconds in range(1, 60):
            wait(now=NOW + seconds * SECOND)
        spend(3, now=NOW + BUDGET.window)
        assert wait(now=NOW + BUDGET.window) == 60

    def test_the_window_begins_with_the_first_use(self):
        spend(1)
        spend(2, now=NOW + 50 * SECOND)
        assert wait(now=NOW + 59 * SECOND) == 1
        spend(3, now=NOW + 60 * SECOND)

    def test_one_subject_does_not_spend_for_another(self):
        spend(3)
        spend(3, subject="192.0.2.2")

    def test_one_budget_is_not_another(self):
        spend(3)
        spend(3, budget=Budget("pushed", allowed=3, window=BUDGET.window))

    def test_what_is_spent_is_no_failure_and_a_failure_spends_nothing(self):
        limit = Limit(BUDGET.name, free=1, cap=SECOND, memory=BUDGET.window)
        spend(3)
        assert counters.fail(Counted(limit, "192.0.2.1"), now=NOW) == NOW
        counters.check([Counted(limit, "192.0.2.1")], now=NOW)
        wait()

    def test_a_flood_does_not_count_without_end(self):
        spend(3)
        for _ in range(20):
            wait()
        assert db.session.scalars(text("SELECT failures FROM throttle_counters")).one() == 4

    def test_a_budget_that_is_lowered_holds_at_once(self):
        spend(3)
        wait(budget=Budget(BUDGET.name, allowed=2, window=BUDGET.window))

    def test_the_table_names_nobody(self):
        spend(subject="ada@example.com")
        [row] = db.session.execute(text("SELECT * FROM throttle_counters"))
        assert not any("ada" in str(value) for value in row)

    def test_what_is_over_is_purged_like_a_counter(self):
        spend()
        assert counters.purge(NOW + BUDGET.window - SECOND, batch=5) == 0
        assert counters.purge(NOW + BUDGET.window, batch=5) == 1

    @pytest.mark.parametrize("subject", ["", "\ud800", "a\0b", "x" * 100_000])
    def test_any_text_can_spend(self, subject):
        spend(3, subject=subject)
        wait(subject=subject)


@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_of_twenty_at_once_exactly_as_many_pass_as_are_allowed(app):
    results = race(app, 20, lambda _: budgets.spend(BUDGET, "192.0.2.1", now=NOW))
    assert sum(each is None for each in results) == 3
    assert sum(isinstance(each, ThrottledError) for each in results) == 17
