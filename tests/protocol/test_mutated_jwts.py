"""Every mutant of a token that we read is refused, with the error of its place, and nothing breaks."""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.core.algorithm_names import ASYMMETRIC
from tests.support import mutations
from tests.support.client_keys import (
    ASSERTION_TYPE,
    assertion_claims,
    hmac_signed,
    jwks,
    key,
    request_object,
)
from tests.support.genuine_tokens import access_token, assertion, authorization_object, hint
from tests.support.mutations import Genuine
from tests.support.provider import CALLBACK, ISSUER, Provider, answer_of, request_parameters

thorough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def stage(provider: Provider) -> Provider:
    provider.user()
    provider.client(jwks=jwks(*(key(each) for each in ASYMMETRIC)))
    provider.client(
        "signer",
        grant_types=("client_credentials",),
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(key("ES256"), key("RS256")),
    )
    return provider


def asserts(provider: Provider, token: str) -> TestResponse:
    return provider.post(
        "/token",
        {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": token,
        },
        auth=None,
    )


def is_no_client(answer: TestResponse) -> bool:
    # What cannot even be the value of a parameter is no assertion at all.
    told = answer.json["error"]
    return (answer.status_code, told) in {(401, "invalid_client"), (400, "invalid_request")}


def asks(provider: Provider, token: str) -> TestResponse:
    outer = {name: request_parameters()[name] for name in ("client_id", "response_type")}
    return provider.app.test_client().get(
        "/authorize",
        query_string={**outer, "scope": "profile", "redirect_uri": CALLBACK, "request": token},
    )


def is_no_object(answer: TestResponse) -> bool:
    if answer.status_code == 400 and "Location" not in answer.headers:
        return True  # a page, for what is told to nobody
    location = urlsplit(answer.headers.get("Location", ""))
    told = parse_qs(location.query).get("error")
    return (
        answer.status_code == 303
        and location._replace(query="").geturl() == CALLBACK
        and told in (["invalid_request_object"], ["invalid_request"])
    )


def is_no_access(answer: TestResponse) -> bool:
    return answer.status_code == 401 and "WWW-Authenticate" in answer.headers


def refuses_all(genuine: Genuine, present: Callable[[str], TestResponse], refused: Any) -> None:
    kept = [
        (mutant.what, answer.status_code, answer.headers.get("Location"), answer.text[:200])
        for mutant in mutations.every(genuine)
        if not refused(answer := present(mutant.token))
    ]
    assert kept == []


def refuses_any(genuine: Genuine, present: Callable[[str], TestResponse], refused: Any) -> None:
    @thorough
    @given(st.data())
    def run(data: st.DataObject) -> None:
        mutant = data.draw(mutations.drawn(genuine))
        answer = present(mutant.token)
        assert refused(answer), (mutant.what, answer.status_code, answer.text[:200])

    run()


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("ASVS 5.0", "9.1.1")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_no_mutant_of_an_assertion_proves_a_client(stage: Provider, algorithm: str) -> None:
    genuine = assertion(stage, algorithm)
    refuses_all(genuine, partial(asserts, stage), is_no_client)
    # None of them used the jti up: the genuine one still proves, once.
    assert asserts(stage, genuine.token).status_code == 200
    assert is_no_client(asserts(stage, genuine.token))


@pytest.mark.spec("RFC 7523", "3")
def test_an_assertion_with_any_faults_proves_no_client(stage: Provider) -> None:
    refuses_any(assertion(stage), partial(asserts, stage), is_no_client)


@pytest.mark.spec("RFC 9101", "10.1")
@pytest.mark.spec("RFC 8725", "3.2")
@pytest.mark.spec("ASVS 5.0", "9.1.2")
@pytest.mark.spec("ASVS 5.0", "9.1.3")
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_no_mutant_of_a_request_object_is_an_authorization_request(
    stage: Provider, algorithm: str
) -> None:
    genuine = authorization_object(stage, algorithm)
    refuses_all(genuine, partial(asks, stage), is_no_object)
    assert asks(stage, genuine.token).headers["Location"].startswith("/login")


@pytest.mark.spec("RFC 9101", "10.2")
def test_a_request_object_with_any_faults_is_no_authorization_request(stage: Provider) -> None:
    refuses_any(authorization_object(stage), partial(asks, stage), is_no_object)


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.2")
def test_no_mutant_of_a_hint_names_a_person(stage: Provider) -> None:
    token = stage.redeem(stage.browser().code()).json["id_token"]
    genuine = hint(stage, token)

    def names(value: str) -> TestResponse:
        parameters = request_parameters(id_token_hint=value or "x", prompt="none")
        return stage.app.test_client().get("/authorize", query_string=parameters)

    def refused(answer: TestResponse) -> bool:
        return answer.status_code in {400, 303} and (
            answer.status_code == 400 or answer_of(answer)["error"] == "invalid_request"
        )

    refuses_all(genuine, names, refused)
    refuses_any(genuine, names, refused)
    assert answer_of(names(genuine.token))["error"] == "login_required"


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "4")
def test_no_mutant_of_a_hint_signs_anybody_out(stage: Provider) -> None:
    browser = stage.browser()
    genuine = hint(stage, stage.redeem(browser.code()).json["id_token"])

    def signs_out(value: str) -> TestResponse:
        return browser.http.get("/end_session", query_string={"id_token_hint": value or "x"})

    # The person is asked, or told off; nobody is sent anywhere.
    refuses_all(
        genuine,
        signs_out,
        lambda answer: answer.status_code in {200, 400} and "Location" not in answer.headers,
    )
    assert "code" in answer_of(browser.authorize(prompt="none"))


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.spec("ASVS 5.0", "9.2.1")
def test_no_mutant_of_an_access_token_opens_anything(stage: Provider) -> None:
    token = stage.redeem(stage.browser().code()).json["access_token"]
    genuine = access_token(stage, token)

    def opens(value: str) -> TestResponse:
        # As a form: a header cannot hold every one of them.
        return stage.app.test_client().post("/userinfo", data={"access_token": value})

    refuses_all(genuine, opens, lambda answer: answer.status_code in {400, 401})
    refuses_any(genuine, opens, lambda answer: answer.status_code in {400, 401})

    def asks_about(value: str) -> TestResponse:
        return stage.post("/introspect", {"token": value})

    refuses_all(
        genuine,
        asks_about,
        lambda answer: answer.json == {"active": False} or answer.status_code == 400,
    )
    assert opens(genuine.token).status_code == 200


@pytest.mark.spec("RFC 8725", "3.11")
def test_no_kind_of_token_passes_for_another(stage: Provider) -> None:
    tokens = stage.redeem(stage.browser().code(scope="openid offline_access")).json
    object_ = request_object(key("ES256"), "app", ISSUER, request_parameters(), now=stage.at)
    kinds = {
        "assertion": assertion(stage).token,
        "request object": object_,
        "ID token": tokens["id_token"],
        "access token": tokens["access_token"],
        "refresh token": tokens["refresh_token"],
        "MAC of a secret": hmac_signed(
            stage.secrets["app"], assertion_claims("app", ISSUER, now=stage.at)
        ),
    }
    places: dict[str, Callable[[str], bool]] = {
        "assertion": lambda value: is_no_client(asserts(stage, value)),
        "request object": lambda value: is_no_object(asks(stage, value)),
        "ID token": lambda value: (
            answer_of(stage.browser().authorize(id_token_hint=value, prompt="none"))["error"]
            == "invalid_request"
        ),
        "access token": lambda value: is_no_access(stage.userinfo(value)),
        "refresh token": lambda value: stage.refresh(value).status_code == 400,
    }
    taken = [
        (kind, place)
        for place, refuses in places.items()
        for kind, value in kinds.items()
        if kind != place and not refuses(value)
    ]
    assert taken == []
