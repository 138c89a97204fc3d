"""The one row of a sign-in: who ends it, when it is over, and who wins a race for it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.clients import registry
from app.core.db import db
from app.identity import users
from app.models.tokens import DeniedToken, Grant
from app.tokens import access_tokens, authorization_codes, derivation, grants, refresh_tokens
from app.tokens.authorization_codes import (
    AuthorizationCodeInvalidError,
    AuthorizationCodeReusedError,
)
from app.tokens.refresh_tokens import RefreshTokenInvalidError, RefreshTokenReusedError
from tests.identity.installation import NOW, race
from tests.tokens.conftest import Stored

LEEWAY = timedelta(seconds=10)
LATER = NOW + timedelta(days=30)


def redeemed(stored: Stored) -> str:
    grant_id = stored.grant()
    code = derivation.authorization_code(grant_id)
    grant = authorization_codes.check(code, client_id=stored.client_id, now=NOW)
    authorization_codes.redeem(grant, expires_at=LATER, now=NOW)
    db.session.commit()
    return grant_id


def refresh(stored: Stored, token: str, now=NOW) -> str:
    presented = refresh_tokens.check(token, client_id=stored.client_id, leeway=LEEWAY, now=now)
    refresh_tokens.rotate(presented, expires_at=LATER, leeway=LEEWAY, now=now)
    return presented.successor


@pytest.mark.spec("RFC 6749", "10.5")
def test_of_twenty_who_redeem_one_code_exactly_one_succeeds(stored: Stored) -> None:
    grant_id = stored.grant()
    db.session.commit()
    code = derivation.authorization_code(grant_id)

    def redeem(_: int) -> str:
        grant = authorization_codes.check(code, client_id=stored.client_id, now=NOW)
        authorization_codes.redeem(grant, expires_at=LATER, now=NOW)
        return "tokens"

    results = race(stored.app, 20, redeem)
    assert results.count("tokens") == 1
    assert sum(isinstance(each, AuthorizationCodeInvalidError) for each in results) == 19
    assert any(isinstance(each, AuthorizationCodeReusedError) for each in results)


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_twenty_who_refresh_at_once_get_one_successor_and_a_living_family(stored: Stored) -> None:
    token = derivation.refresh_token(redeemed(stored), 1)
    results = race(stored.app, 20, lambda _: refresh(stored, token))
    assert len(set(results)) == 1, results
    db.session.rollback()
    assert refresh(stored, results[0]) != results[0]


def test_a_grant_is_found_with_the_state_of_its_parties(stored: Stored) -> None:
    grant_id = redeemed(stored)
    found = grants.find(grant_id)
    assert found is not None
    assert found.is_alive(NOW)
    assert not found.is_alive(LATER)
    users.disable(stored.user_id, now=NOW)
    assert not grants.find(grant_id).is_alive(NOW)
    users.enable(stored.user_id, now=NOW)
    assert grants.find(grant_id).is_alive(NOW)
    registry.disable(stored.client_id, now=NOW)
    assert not grants.find(grant_id).is_alive(NOW)
    registry.enable(stored.client_id, now=NOW)
    registry.revoke_tokens_before(stored.client_id, now=NOW + timedelta(seconds=1))
    assert not grants.find(grant_id).is_alive(NOW)


def test_standing_falls_with_each_reason_there_is(stored: Stored) -> None:
    grant_id = redeemed(stored)

    def alive(jti: str = "j", now=NOW) -> bool:
        return grants.standing(grant_id, jti=jti, now=now).alive

    assert alive()
    assert not alive(now=LATER)
    access_tokens.deny("j", expires_at=LATER)
    access_tokens.deny("j", expires_at=LATER)
    assert not alive()
    assert alive("other")
    users.disable(stored.user_id, now=NOW)
    assert not alive("other")
    users.enable(stored.user_id, now=NOW)
    assert grants.revoke(grant_id, reason="test", now=NOW)
    assert not grants.revoke(grant_id, reason="test", now=NOW)
    assert not alive("other")
    assert grants.standing("A" * 22, jti="j", now=NOW) is None


def test_ending_a_session_spares_what_may_outlive_it(stored: Stored) -> None:
    offline, online = stored.grant(), stored.grant(offline=False)
    other = stored.grant(offline=False, session_id="t" * 22)
    assert grants.client_counts(["s" * 22, "t" * 22]) == {"s" * 22: 1, "t" * 22: 1}
    assert grants.revoke_of_session("s" * 22, reason="test", now=NOW) == 1
    assert grants.find(online).revoked_at == NOW
    assert grants.find(offline).revoked_at is None
    assert grants.find(other).revoked_at is None


@pytest.mark.parametrize("whose", ["user", "client", "connection"])
def test_all_that_a_party_holds_ends_by_one_statement(stored: Stored, whose: str) -> None:
    ids = [stored.grant(), stored.grant(offline=False)]
    end = {
        "user": lambda: grants.revoke_of_user(stored.user_id, reason="test", now=NOW),
        "client": lambda: grants.revoke_of_client(stored.client_id, reason="test", now=NOW),
        "connection": lambda: grants.revoke_of_connection(
            stored.user_id, stored.client_id, reason="test", now=NOW
        ),
    }[whose]
    assert end() == 2
    assert all(not grants.find(each).is_alive(NOW) for each in ids)
    assert end() == 0


@pytest.mark.spec("ASVS 5.0", "14.2.7")
def test_what_is_over_is_purged_in_batches_and_what_lives_stays(stored: Stored) -> None:
    alive = redeemed(stored)
    for _ in range(5):
        stored.grant()
    revoked = redeemed(stored)
    grants.revoke(revoked, reason="test", now=NOW)
    soon = NOW + timedelta(minutes=2)
    assert [grants.purge(soon, batch=4) for _ in range(3)] == [4, 2, 0]
    assert db.session.scalar(select(func.count()).select_from(Grant)) == 1
    assert grants.find(alive) is not None
    access_tokens.deny("j", expires_at=NOW)
    access_tokens.deny("k", expires_at=LATER)
    assert access_tokens.purge(soon, batch=10) == 1
    assert db.session.scalar(select(func.count()).select_from(DeniedToken)) == 1


def test_a_theft_after_the_leeway_revokes_once(stored: Stored) -> None:
    token = derivation.refresh_token(redeemed(stored), 1)
    refresh(stored, token)
    with pytest.raises(RefreshTokenReusedError):
        refresh(stored, token, NOW + timedelta(seconds=11))
    with pytest.raises(RefreshTokenInvalidError) as caught:
        refresh(stored, token, NOW + timedelta(seconds=11))
    assert not isinstance(caught.value, RefreshTokenReusedError)


def test_a_grant_that_was_revoked_meanwhile_does_not_rotate(stored: Stored) -> None:
    grant_id = redeemed(stored)
    token = derivation.refresh_token(grant_id, 1)
    presented = refresh_tokens.check(token, client_id=stored.client_id, leeway=LEEWAY, now=NOW)
    grants.revoke(grant_id, reason="test", now=NOW)
    with pytest.raises(RefreshTokenInvalidError):
        refresh_tokens.rotate(presented, expires_at=LATER, leeway=LEEWAY, now=NOW)


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_refresh_token_of_a_code_that_was_never_redeemed_is_worth_nothing(
    stored: Stored, generation: int
) -> None:
    grant_id = stored.grant()
    token = derivation.refresh_token(grant_id, generation)
    with pytest.raises(RefreshTokenInvalidError):
        refresh(stored, token)
