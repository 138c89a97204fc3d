"""How long things live."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tokens import policy
from tests.identity.installation import with_settings
from tests.tokens.conftest import Stored

DAY = timedelta(days=1)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(1_577_836_800, 2_840_140_800).map(
    lambda seconds: datetime.fromtimestamp(seconds + 0.123456, UTC)
)
LIFETIMES = st.timedeltas(timedelta(minutes=1), timedelta(days=730))


@given(INSTANTS, LIFETIMES)
def test_an_idle_time_is_never_shorter_than_asked_for_and_hardly_longer(
    now: datetime, lifetime: timedelta
) -> None:
    lasts = policy._rounded_up(now, lifetime) - now
    # A float of seconds is exact to the microsecond; a step is never less than a second.
    microsecond = timedelta(microseconds=1)
    assert lifetime - microsecond <= lasts <= lifetime + max(lifetime / 256, timedelta(seconds=1))


@given(INSTANTS, LIFETIMES, st.integers(1, 10_000))
def test_a_later_use_never_ends_earlier(now: datetime, lifetime: timedelta, seconds: int) -> None:
    later = now + timedelta(seconds=seconds)
    assert policy._rounded_up(now, lifetime) <= policy._rounded_up(later, lifetime)


@pytest.mark.parametrize("offline", [True, False])
def test_a_grant_lives_as_long_as_the_access_token_minted_from_it(
    stored: Stored, *, offline: bool
) -> None:
    with_settings(stored.app, "tokens", refresh_token_idle_lifetime=timedelta(minutes=1))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    ends = policy.expiry_after_use(offline=offline, ends_at=now, access_token=DAY, now=now)
    assert ends == now + DAY


def test_the_absolute_end_is_the_end_of_an_idle_grant_too(stored: Stored) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    minute = timedelta(minutes=1)
    ends = policy.expiry_after_use(offline=True, ends_at=now + DAY, access_token=minute, now=now)
    assert ends == now + DAY
    assert policy.expiry_after_use(offline=True, ends_at=FAR, access_token=minute, now=now) > ends
