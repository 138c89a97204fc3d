"""Rotation: one successor, a retry is not a theft, a theft ends the family."""

from dataclasses import replace

import pytest

from app.audit import events
from app.clients import registry
from app.tokens import revocation
from tests.protocol.test_authorization_code import part
from tests.support.provider import Provider


@pytest.fixture
def tokens(signed_up: Provider) -> dict[str, str]:
    code = signed_up.browser().code(scope="openid profile email offline_access")
    return signed_up.redeem(code).json


@pytest.mark.spec("RFC 6749", "6")
def test_a_refresh_gives_a_new_token_set(signed_up: Provider, tokens: dict[str, str]) -> None:
    signed_up.pass_time(minutes=20)
    answer = signed_up.refresh(tokens["refresh_token"])
    assert answer.status_code == 200, answer.text
    assert answer.json["refresh_token"] != tokens["refresh_token"]
    assert answer.json["scope"] == "openid profile email offline_access"
    assert signed_up.userinfo(answer.json["access_token"]).status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "12.2")
def test_the_new_id_token_tells_of_the_same_sign_in(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    signed_up.pass_time(minutes=20)
    old = part(tokens["id_token"], 1)
    new = part(signed_up.refresh(tokens["refresh_token"]).json["id_token"], 1)
    for name in ("iss", "sub", "aud", "azp", "auth_time", "acr", "amr", "sid"):
        assert new[name] == old[name]
    assert new["iat"] == old["iat"] + 1200
    assert "nonce" not in new


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_a_retry_within_the_leeway_gets_the_same_successor(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    first = signed_up.refresh(tokens["refresh_token"]).json
    signed_up.pass_time(seconds=10)
    second = signed_up.refresh(tokens["refresh_token"]).json
    assert second["refresh_token"] == first["refresh_token"]
    assert signed_up.refresh(first["refresh_token"]).status_code == 200


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_a_replay_after_the_leeway_ends_the_family_and_is_recorded(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    successor = signed_up.refresh(tokens["refresh_token"]).json
    signed_up.pass_time(seconds=11)
    assert signed_up.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert signed_up.refresh(successor["refresh_token"]).json["error"] == "invalid_grant"
    assert signed_up.userinfo(successor["access_token"]).status_code == 401
    found = signed_up.do(events.tail, kind=events.Kind.REFRESH_TOKEN_REUSED)
    assert len(found) == 1
    assert found[0].outcome == "refused"


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_two_generations_back_is_a_theft_at_any_time(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    first = signed_up.refresh(tokens["refresh_token"]).json
    second = signed_up.refresh(first["refresh_token"]).json
    assert signed_up.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert signed_up.refresh(second["refresh_token"]).json["error"] == "invalid_grant"


def test_a_leeway_of_zero_is_strict(signed_up: Provider) -> None:
    signed_up.client("strict", refresh_token_reuse_leeway=0)
    code = signed_up.browser().code(client_id="strict", scope="openid offline_access")
    tokens = signed_up.redeem(code, "strict").json
    assert signed_up.refresh(tokens["refresh_token"], "strict").status_code == 200
    signed_up.pass_time(milliseconds=1)
    again = signed_up.refresh(tokens["refresh_token"], "strict")
    assert again.json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 6749", "6")
def test_the_scope_may_narrow_but_never_widen(signed_up: Provider, tokens: dict[str, str]) -> None:
    narrow = signed_up.refresh(tokens["refresh_token"], scope="openid email").json
    assert narrow["scope"] == "openid email"
    assert part(narrow["access_token"], 1)["scope"] == "openid email"
    wide = signed_up.refresh(narrow["refresh_token"], scope="openid phone")
    assert wide.json["error"] == "invalid_scope"
    # The refused request spent nothing, and the grant is as wide as it was.
    full = signed_up.refresh(narrow["refresh_token"]).json
    assert full["scope"] == "openid profile email offline_access"


@pytest.mark.spec("RFC 6749", "6")
def test_another_client_cannot_use_it(signed_up: Provider, tokens: dict[str, str]) -> None:
    signed_up.client("thief")
    assert signed_up.refresh(tokens["refresh_token"], "thief").json["error"] == "invalid_grant"
    assert signed_up.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.spec("ASVS 5.0", "10.4.8")
def test_an_idle_grant_ends_and_a_used_one_ends_too_one_day(signed_up: Provider) -> None:
    code = signed_up.browser().code(scope="openid offline_access")
    idle = signed_up.redeem(code).json["refresh_token"]
    used = signed_up.redeem(signed_up.browser().code(scope="openid offline_access")).json
    for _ in range(6):
        signed_up.pass_time(days=29)
        answer = signed_up.refresh(used["refresh_token"])
        assert answer.status_code == 200, answer.text
        used = answer.json
    signed_up.pass_time(days=7)
    assert signed_up.refresh(used["refresh_token"]).json["error"] == "invalid_grant"
    assert signed_up.refresh(idle).json["error"] == "invalid_grant"


@pytest.mark.spec("OpenID Connect Core 1.0", "11")
def test_no_refresh_token_without_offline_access(signed_up: Provider) -> None:
    assert "refresh_token" not in signed_up.redeem(signed_up.browser().code()).json


@pytest.mark.spec("OpenID Connect Core 1.0", "11")
def test_offline_access_is_ignored_for_a_client_that_cannot_refresh(signed_up: Provider) -> None:
    signed_up.client("online", grant_types=("authorization_code",))
    code = signed_up.browser().code(client_id="online", scope="openid offline_access")
    tokens = signed_up.redeem(code, "online").json
    assert "refresh_token" not in tokens
    assert tokens["scope"] == "openid"


def test_disabling_the_person_is_in_force_on_the_next_refresh(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    subject = part(tokens["id_token"], 1)["sub"]
    signed_up.do(revocation.disable_user, subject, now=signed_up.at)
    assert signed_up.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_revoking_a_client_is_in_force_at_once(signed_up: Provider, tokens: dict[str, str]) -> None:
    signed_up.pass_time(seconds=1)
    signed_up.do(revocation.of_client, "app", now=signed_up.at)
    assert signed_up.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert signed_up.userinfo(tokens["access_token"]).status_code == 401
    assert signed_up.introspect(tokens["access_token"]) == {"active": False}


def test_a_disabled_client_gets_nothing(signed_up: Provider, tokens: dict[str, str]) -> None:
    signed_up.do(registry.disable, "app", now=signed_up.at)
    answer = signed_up.refresh(tokens["refresh_token"])
    assert answer.status_code == 401
    assert answer.json["error"] == "invalid_client"
    assert signed_up.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.7")
def test_an_offline_grant_outlives_its_session_and_an_online_one_does_not(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    browser = signed_up.browser()
    online = signed_up.redeem(browser.code()).json
    offline = signed_up.redeem(browser.code(scope="openid offline_access")).json
    page = browser.get("/end_session")
    assert 'id="logout-confirm"' in page.text
    browser.submit(page)
    assert signed_up.userinfo(online["access_token"]).status_code == 401
    assert signed_up.refresh(offline["refresh_token"]).status_code == 200


@pytest.mark.spec("ASVS 5.0", "10.4.8")
def test_nothing_is_refreshed_beyond_the_absolute_end(tmp_path) -> None:
    from tests.support import provider as providers

    provider = providers.create(
        tmp_path, REFRESH_TOKEN_LIFETIME="2h", REFRESH_TOKEN_IDLE_LIFETIME="1h"
    )
    provider.user()
    provider.client()
    token = provider.redeem(provider.browser().code(scope="openid offline_access")).json
    for minutes in (59, 59, 1.9):
        provider.pass_time(minutes=minutes)
        answer = provider.refresh(token["refresh_token"])
        assert answer.status_code == 200, answer.text
        token = answer.json
    told = provider.introspect(token["refresh_token"])
    assert told["exp"] == int(providers.START.timestamp()) + 7200
    provider.pass_time(seconds=7)
    assert provider.refresh(token["refresh_token"]).json["error"] == "invalid_grant"
    assert provider.introspect(token["refresh_token"]) == {"active": False}
    # The access token that was minted before lives its own short life.
    assert provider.introspect(token["access_token"])["active"] is True
    providers.dispose(provider)


@pytest.mark.spec("ASVS 5.0", "10.4.11")
def test_what_a_client_is_no_longer_registered_for_is_not_refreshed(signed_up: Provider) -> None:
    api = "https://api.example"
    signed_up.api()
    wide = signed_up.client(
        "wide", scope=("openid", "roles", "offline_access", "api.read"), resources=(api,)
    )
    code = signed_up.browser().code(client_id="wide", scope="openid roles offline_access api.read")
    tokens = signed_up.redeem(code, "wide").json
    narrow = replace(wide, scope=("openid", "offline_access"), resources=())
    signed_up.do(registry.update, "wide", narrow, now=signed_up.at)
    fresh = signed_up.refresh(tokens["refresh_token"], "wide").json
    assert fresh["scope"] == "openid offline_access"
    claims = part(fresh["access_token"], 1)
    assert claims["aud"] == "http://127.0.0.1:8000/userinfo"
    assert "roles" not in claims
