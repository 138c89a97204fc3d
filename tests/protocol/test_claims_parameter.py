"""Claims asked for one by one: what is read, what counts, and where it is told."""

import json
from typing import Any

import pytest

from app.clients import registry
from app.protocol.errors import OAuthError
from app.protocol.extensions import claims_parameter
from app.protocol.extensions.claims_parameter import NOTHING, ClaimsRequest
from app.protocol.parameters import Parameters
from tests.support.compact_jwt import part
from tests.support.provider import Provider, answer_of

PERSON = {"given_name": "Ada", "birthdate": "1815-12-10", "department": "engines"}
SINGLE = {"id_token": {"email": None}, "userinfo": {"given_name": {"essential": True}}}


@pytest.fixture
def known(provider: Provider) -> Provider:
    provider.user(email="ada@example.com", email_verified=True, claims=PERSON)
    provider.client()
    return provider


def parsed(provider: Provider, claims: Any, *, scope: str = "openid") -> ClaimsRequest:
    text = claims if isinstance(claims, str) else json.dumps(claims)
    client = provider.do(registry.fresh, "app")
    return claims_parameter.parse(client, Parameters({"scope": scope, "claims": text}))


def tokens(provider: Provider, claims: Any, **parameters: str) -> dict[str, Any]:
    code = provider.browser().code(claims=json.dumps(claims), **parameters)
    return dict(provider.redeem(code).json)


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5")
def test_single_claims_are_told_where_they_were_asked_for_and_nowhere_else(known: Provider) -> None:
    told = tokens(known, SINGLE)
    about = part(told["id_token"], 1)
    assert about["email"] == "ada@example.com"
    assert "given_name" not in about
    assert "email_verified" not in about
    info = known.userinfo(told["access_token"]).json
    assert info.keys() == {"sub", "given_name"}


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5")
def test_single_claims_come_beside_those_of_the_scope(known: Provider) -> None:
    told = tokens(known, {"userinfo": {"birthdate": None}}, scope="openid email")
    info = known.userinfo(told["access_token"]).json
    assert info.keys() == {"sub", "birthdate", "email", "email_verified"}


@pytest.mark.spec("OpenID Connect Core 1.0", "12.2")
def test_single_claims_survive_a_refresh(known: Provider) -> None:
    told = tokens(known, SINGLE, scope="openid offline_access")
    again = known.refresh(told["refresh_token"]).json
    assert part(again["id_token"], 1)["email"] == "ada@example.com"
    assert known.userinfo(again["access_token"]).json["given_name"] == "Ada"


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5.1")
@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"userinfo": None, "id_token": {}},
        {"purpose": 7, "userinfo": {"shoe_size": {"essential": True}, "name#de": None}},
        {"userinfo": {"department": {"essential": True}}},
        {"id_token": {"auth_time": {"essential": True}, "acr": None, "sub": None}},
        {"userinfo": {"sub": {"value": "somebody"}}},
    ],
)
def test_what_is_unknown_or_told_anyway_changes_nothing(known: Provider, claims: Any) -> None:
    assert parsed(known, claims) == NOTHING
    told = tokens(known, claims)
    assert known.userinfo(told["access_token"]).json.keys() == {"sub"}


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5.1")
def test_an_essential_claim_without_a_value_is_simply_absent(known: Provider) -> None:
    told = tokens(known, {"userinfo": {"website": {"essential": True}}})
    assert known.userinfo(told["access_token"]).json.keys() == {"sub"}


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5")
@pytest.mark.parametrize(
    "text",
    [
        "x", "[]", "null", '"a"', "{", '{"userinfo":[]}', '{"userinfo":"name"}',
        '{"userinfo":{"name":1}}', '{"userinfo":{"name":[]}}', '{"userinfo":{"name":true}}',
        '{"userinfo":{"name":{"essential":"yes"}}}', '{"userinfo":{"name":{"values":"a"}}}',
        '{"userinfo":{},"userinfo":{}}', '{"userinfo":{"name":null,"name":null}}',
        '{"userinfo":{"name":{"value":NaN}}}', '{"userinfo":{"name":{"value":1e999}}}',
        "{" + '"a":{' * 20 + "}" * 21, json.dumps({"userinfo": {"x" * 3100: None}}),
        '{"id_token":{"sub":{"value":7}}}', '{"id_token":{"sub":{"value":""}}}',
        '{"id_token":{"sub":{"value":"a\\u0000"}}}', '{"id_token":{"sub":{"values":["a","b"]}}}',
        '{"id_token":{"sub":{"value":"a","values":["a"]}}}',
        '{"id_token":{"acr":{"essential":true,"values":[]}}}',
        '{"id_token":{"acr":{"essential":true,"values":[null]}}}',
    ],
)  # fmt: skip
def test_a_malformed_parameter_is_an_invalid_request(known: Provider, text: str) -> None:
    with pytest.raises(OAuthError) as refused:
        parsed(known, text)
    assert refused.value.code == "invalid_request"


def test_the_client_hears_of_a_malformed_parameter(known: Provider) -> None:
    answer = answer_of(known.browser().authorize(claims="[]"))
    assert answer["error"] == "invalid_request"
    assert answer["state"] == "st-1"


@pytest.mark.spec("RFC 6749", "3.1")
def test_plain_oauth_does_not_know_the_parameter(known: Provider) -> None:
    assert parsed(known, "[]", scope="email") == NOTHING


def test_what_is_kept_is_short_and_says_only_what_counts(known: Provider) -> None:
    wanted = {"userinfo": {"email": {"value": "a" * 99}, "name": None, "level": None, "acr": None}}
    asked = parsed(known, wanted)
    assert asked.canonical == '{"userinfo":{"email":null,"name":null}}'
    assert asked.scope == ("profile", "email")


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5")
def test_a_claim_of_a_scope_that_the_client_is_not_registered_for_is_not_told(
    provider: Provider,
) -> None:
    provider.user(email="ada@example.com")
    provider.client(scope=("openid", "profile"))
    told = tokens(
        provider, {"userinfo": {"email": None, "name": None}, "id_token": {"email": None}}
    )
    assert provider.userinfo(told["access_token"]).json.keys() == {"sub", "name"}
    assert "email" not in part(told["id_token"], 1)


def test_a_client_that_loses_a_scope_loses_its_single_claims_too(known: Provider) -> None:
    from dataclasses import replace

    told = tokens(known, SINGLE, scope="openid offline_access")
    client = known.do(registry.fresh, "app")
    less = replace(client, scope=("openid", "offline_access"))
    known.do(registry.update, "app", less, now=known.at)
    assert known.userinfo(told["access_token"]).json.keys() == {"sub"}
    again = known.refresh(told["refresh_token"]).json
    assert "email" not in part(again["id_token"], 1)


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.4")
def test_single_claims_need_consent_to_the_scope_that_owns_them(provider: Provider) -> None:
    provider.user(email="ada@example.com")
    provider.client(skip_consent=False)
    browser = provider.browser()
    page = browser.sign_in(browser.authorize())
    assert "code" in answer_of(browser.submit(page, decision="allow"))
    wanted = json.dumps({"userinfo": {"email": None}})
    page = browser.authorize(claims=wanted)
    assert page.status_code == 200
    silent = answer_of(browser.authorize(claims=wanted, prompt="none"))
    assert silent["error"] == "consent_required"
    assert "code" in answer_of(browser.submit(page, decision="allow"))
    assert "code" in answer_of(browser.authorize(claims=wanted, prompt="none"))


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.2")
def test_a_sub_with_a_value_is_that_person_or_nobody(known: Provider) -> None:
    other = known.user("charles")
    browser = known.browser()
    told = known.redeem(browser.code()).json
    mine = part(told["id_token"], 1)["sub"]
    for wanted, error in ((mine, None), (other.id, "login_required"), ("x", "login_required")):
        claims = json.dumps({"id_token": {"sub": {"value": wanted}}})
        answer = answer_of(browser.authorize(claims=claims, prompt="none"))
        assert answer.get("error") == error
    claims = json.dumps({"id_token": {"sub": {"values": [other.id]}}})
    answer = answer_of(browser.authorize(claims=claims, id_token_hint=told["id_token"]))
    assert answer["error"] == "invalid_request"
