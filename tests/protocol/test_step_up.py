"""The way of signing in as a wish and as a condition."""

import json
from typing import Any

import pytest

from app.identity import authentication_contexts
from app.identity.authentication import ACR_SINGLE_FACTOR
from app.protocol.errors import OAuthError
from app.protocol.extensions import step_up
from app.protocol.extensions.claims_parameter import NOTHING, ClaimsRequest
from tests.support.compact_jwt import part
from tests.support.provider import Provider, answer_of

API = "https://api.example"
STRONG = "urn:example:strong"
BOTH = ClaimsRequest(essential_acr=(STRONG,))


@pytest.fixture
def at_api(provider: Provider) -> Provider:
    provider.user()
    provider.api(API)
    provider.client(scope=("openid", "api.read"), resources=(API,))
    return provider


def essential(**wish: Any) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, **wish}}})


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5.1.1")
def test_acr_values_are_a_wish_and_the_acr_that_was_reached_is_told(at_api: Provider) -> None:
    code = at_api.browser().code(acr_values=f"{STRONG} {ACR_SINGLE_FACTOR}")
    assert part(at_api.redeem(code).json["id_token"], 1)["acr"] == ACR_SINGLE_FACTOR
    wish = json.dumps({"id_token": {"acr": {"values": [STRONG]}}})
    code = at_api.browser().code(acr_values=STRONG, claims=wish)
    assert part(at_api.redeem(code).json["id_token"], 1)["acr"] == ACR_SINGLE_FACTOR


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5.1.1")
@pytest.mark.spec("Unmet Authentication Requirements 1.0", "2")
@pytest.mark.parametrize("wish", [{"value": STRONG}, {"values": [STRONG, "other"]}])
def test_an_essential_acr_that_nobody_reaches_is_refused(at_api: Provider, wish: Any) -> None:
    answer = answer_of(at_api.browser().authorize(claims=essential(**wish)))
    assert answer["error"] == "unmet_authentication_requirements"
    assert answer["state"] == "st-1"


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5.1.1")
def test_an_essential_acr_that_is_reached_is_no_hindrance(at_api: Provider) -> None:
    wish = essential(values=[STRONG, ACR_SINGLE_FACTOR])
    code = at_api.browser().code(claims=wish)
    assert part(at_api.redeem(code).json["id_token"], 1)["acr"] == ACR_SINGLE_FACTOR
    assert at_api.browser().code(claims=essential())


@pytest.mark.spec("RFC 9470", "5")
@pytest.mark.spec("Unmet Authentication Requirements 1.0", "2")
def test_acr_values_beside_a_resource_are_a_condition(at_api: Provider) -> None:
    asked = {"scope": "api.read", "resource": API}
    answer = answer_of(at_api.browser().authorize(acr_values=STRONG, **asked))
    assert answer["error"] == "unmet_authentication_requirements"
    assert at_api.browser().code(acr_values=f"{STRONG} {ACR_SINGLE_FACTOR}", **asked)


@pytest.mark.spec("RFC 9470", "4")
@pytest.mark.spec("RFC 9470", "6.1")
@pytest.mark.spec("RFC 9470", "6.2")
def test_the_access_token_and_its_introspection_tell_acr_and_auth_time(at_api: Provider) -> None:
    browser = at_api.browser()
    browser.code()
    at_api.pass_time(minutes=5)
    page = browser.authorize(scope="api.read", resource=API, max_age="60")
    assert page.status_code == 200
    code = answer_of(browser.sign_in(page))["code"]
    token = at_api.redeem(code).json["access_token"]
    for told in (part(token, 1), at_api.introspect(token)):
        assert told["acr"] == ACR_SINGLE_FACTOR
        assert told["auth_time"] == int(at_api.at.timestamp())


@pytest.mark.spec("RFC 9470", "5")
def test_a_stronger_context_that_can_be_had_is_asked_for_by_a_new_sign_in(
    at_api: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication_contexts, "ORDER", (ACR_SINGLE_FACTOR, STRONG))
    browser = at_api.browser()
    browser.code()
    at_api.pass_time(minutes=1)
    page = browser.authorize(claims=essential(value=STRONG))
    assert page.status_code == 200
    # The same way of signing in does not become a stronger one by being repeated.
    assert answer_of(browser.sign_in(page))["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize(
    ("request_", "acr_values", "resources", "expected"),
    [
        (NOTHING, (), (), ()),
        (NOTHING, (STRONG,), (), ()),
        (NOTHING, (), (API,), ()),
        (NOTHING, (STRONG,), (API,), (STRONG,)),
        (NOTHING, (ACR_SINGLE_FACTOR,), (API,), (ACR_SINGLE_FACTOR, STRONG)),
        (BOTH, (ACR_SINGLE_FACTOR,), (), (STRONG,)),
        (BOTH, (ACR_SINGLE_FACTOR,), (API,), (STRONG,)),
    ],
)
def test_both_conditions_have_to_be_met(
    request_: ClaimsRequest, acr_values: Any, resources: Any, expected: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(authentication_contexts, "ORDER", (ACR_SINGLE_FACTOR, STRONG))
    assert step_up.required(request_, acr_values, resources) == expected


def test_two_conditions_that_exclude_each_other_are_unmet(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OAuthError) as refused:
        step_up.required(BOTH, ("urn:example:other",), (API,))
    assert refused.value.code == "unmet_authentication_requirements"
