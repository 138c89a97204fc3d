"""Which way of signing in counts for which demand."""

import pytest

from app.identity import authentication_contexts
from app.identity.authentication_contexts import achievable, satisfies


@pytest.fixture
def ladder(monkeypatch):
    monkeypatch.setattr(authentication_contexts, "ORDER", ("weak", "middle", "strong"))


@pytest.mark.spec("RFC 9470", "5")
def test_a_stronger_sign_in_satisfies_a_weaker_demand_and_never_the_reverse(ladder):
    assert satisfies("strong", ("middle",))
    assert satisfies("middle", ("middle", "strong"))
    assert not satisfies("weak", ("middle", "strong"))


def test_a_demand_that_nobody_knows_is_satisfied_by_nothing_but_itself(ladder):
    assert not satisfies("strong", ("unheard-of",))
    assert not satisfies("unheard-of", ("weak",))


def test_what_can_be_reached_begins_with_the_weakest(ladder):
    assert achievable() == ("weak", "middle", "strong")
