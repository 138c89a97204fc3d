"""What the server says of itself is true: all of it works, and nothing else does."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from app.core.db import db
from app.models.logout import LogoutDelivery
from tests.support import provider as providers
from tests.support.client_keys import jwks, key
from tests.support.compact_jwt import part
from tests.support.provider import CALLBACK, ISSUER, answer_of, request_parameters
from tests.support.walk import ADDRESSES, CLAIMS, PROFILES, Walk, error_of, walk

pytestmark = pytest.mark.xdist_group("discovery_walk")
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module", params=PROFILES)
def here(request, tmp_path_factory) -> Iterator[Walk]:
    made = walk(tmp_path_factory.mktemp("walk"), request.param)
    yield made
    providers.dispose(made.provider)


def answered(here: Walk, client_id: str, **changes: str | None) -> dict[str, str]:
    """Return the parameters of an answer that is a redirect with a query."""
    return answer_of(here.arrived(client_id, **changes))


def tokens(here: Walk, client_id: str, **changes: str | None) -> dict[str, Any]:
    answer = answered(here, client_id, **changes)
    redeemed = here.provider.redeem(answer["code"], client_id)
    assert redeemed.status_code == 200, redeemed.text
    return dict(redeemed.json)


@pytest.mark.spec("RFC 8414", "2")
def test_every_address_in_the_document_answers(here: Walk) -> None:
    named = {name for name in here.document if name.endswith(("_endpoint", "_uri", "_iframe"))}
    assert named <= ADDRESSES.keys()
    for name in named:
        method, path = ADDRESSES[name]
        assert here.document[name] == ISSUER + path
        status = here.provider.app.test_client().open(path, method=method).status_code
        assert status not in {404, 405}, (name, status)
        assert status < 500, (name, status)


@pytest.mark.spec("RFC 8414", "2")
def test_an_address_that_the_document_does_not_name_is_not_there(here: Walk) -> None:
    for name in ADDRESSES.keys() - here.document.keys():
        for method in ("GET", "POST"):
            answer = here.provider.app.test_client().open(ADDRESSES[name][1], method=method)
            assert answer.status_code == 404 or (method, answer.status_code) == ("GET", 405), name


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("RFC 9700", "2.1.2")
def test_every_response_type_announced_is_answered_and_no_other(here: Walk) -> None:
    client = here.client()
    for name in here.announced("response_types_supported"):
        assert name in answered(here, client, response_type=name)
    for name in here.absent("response type", "response_types_supported"):
        assert error_of(here.authorize(client, response_type=name)) in {
            "unsupported_response_type", "invalid_request",
        }, name  # fmt: skip


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("JARM 1.0", "4")
def test_every_response_mode_announced_carries_the_answer_and_no_other(here: Walk) -> None:
    client = here.client()
    for name in here.announced("response_modes_supported"):
        answer = here.arrived(client, response_mode=name)
        if name.startswith("form_post"):
            field = re.search(r'name="(code|response)" value="([^"]+)"', answer.text)
            assert answer.status_code == 200, name
            assert field, name
            found = {field[1]: html.unescape(field[2])}
        else:
            found = answer_of(answer)
        if "jwt" in name:
            found = part(found["response"], 1)
        assert found["code"], name
    for name in here.absent("response mode", "response_modes_supported"):
        assert error_of(here.authorize(client, response_mode=name)) == "invalid_request", name


@pytest.mark.spec("RFC 7636", "4.3")
def test_every_challenge_method_announced_is_taken_and_no_other(here: Walk) -> None:
    client = here.client()
    for name in here.announced("code_challenge_methods_supported"):
        assert tokens(here, client, code_challenge_method=name)
    for name in here.absent("challenge method", "code_challenge_methods_supported"):
        answer = here.authorize(client, code_challenge_method=name)
        assert error_of(answer) == "invalid_request", name


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_every_prompt_announced_is_understood_and_no_other(here: Walk) -> None:
    client = here.client()
    shown = {"login": 'name="password"', "consent": 'value="allow"', "select_account": "<form"}
    for name in here.announced("prompt_values_supported"):
        answer = here.arrived(client, prompt=name)
        if name == "none":
            assert answer_of(answer)["code"]
        else:
            assert answer.status_code == 200, name
            assert shown[name] in answer.text, name
    for name in here.absent("prompt", "prompt_values_supported"):
        assert error_of(here.authorize(client, prompt=name)) == "invalid_request", name


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_every_grant_type_announced_is_granted_and_no_other(here: Walk) -> None:
    announced = here.announced("grant_types_supported")
    browser = tuple(name for name in announced if name != "client_credentials")
    client = here.client(grant_types=browser)
    machine = here.client(grant_types=("client_credentials",))
    got = tokens(here, client, scope="openid offline_access")
    assert here.provider.refresh(got["refresh_token"], client).status_code == 200
    answer = here.provider.token(machine, grant_type="client_credentials")
    assert answer.status_code == 200, answer.text
    if DEVICE in announced:
        device = here.provider.post("/device_authorization", {"scope": "openid"}, auth=client)
        code = device.json["device_code"]
        waiting = here.provider.token(client, grant_type=DEVICE, device_code=code)
        assert waiting.json["error"] == "authorization_pending"
    for name in here.absent("grant type", "grant_types_supported"):
        assert here.refuses(grant_types=("authorization_code", name)), name
        refused = here.provider.token(client, grant_type=name, device_code="x", assertion="x")
        assert refused.json["error"] == "unsupported_grant_type", name


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_every_scope_announced_is_given(here: Walk) -> None:
    scopes = here.announced("scopes_supported")
    client = here.client(scope=tuple(scopes))
    got = tokens(here, client, scope=" ".join(scopes))
    assert set(got.get("scope", " ".join(scopes)).split()) == set(scopes)


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("OpenID Connect Core 1.0", "5.5")
def test_every_claim_announced_can_be_given(here: Walk) -> None:
    person = here.provider.user(
        "full", email="full@example.com", email_verified=True, roles=("reader",), claims=CLAIMS
    )
    browser = here.provider.browser()
    browser.sign_in(browser.get("/login"), "full")
    here.browser, kept = browser, here.browser
    try:
        client = here.client()
        asked = {"userinfo": dict.fromkeys(CLAIMS), "id_token": {"nickname": None}}
        got = tokens(
            here, client, scope="openid profile email address phone roles", claims=json.dumps(asked)
        )
    finally:
        here.browser = kept
    said = part(got["id_token"], 1)
    told = here.provider.userinfo(got["access_token"]).json
    assert told["sub"] == person.id
    assert set(here.announced("claims_supported")) - said.keys() - told.keys() == set()
    assert here.document["claims_parameter_supported"] is ("nickname" in said)


@pytest.mark.spec("OpenID Connect Core 1.0", "8")
def test_every_subject_type_announced_names_the_person_and_no_other(here: Walk) -> None:
    subjects = {}
    for name in here.announced("subject_types_supported"):
        client = here.client(subject_type=name)
        subjects[name] = part(tokens(here, client)["id_token"], 1)["sub"]
    assert len(set(subjects.values())) == len(subjects)
    for name in here.absent("subject type", "subject_types_supported"):
        assert here.refuses(subject_type=name), name


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("Unmet Authentication Requirements 1.0", "2")
def test_every_class_of_authentication_announced_is_reached(here: Walk) -> None:
    client = here.client()
    values = here.announced("acr_values_supported")
    for value in values:
        got = tokens(here, client, acr_values=value)
        assert part(got["id_token"], 1)["acr"] == value
    beyond = {"id_token": {"acr": {"essential": True, "values": ["urn:example:gold"]}}}
    answer = here.authorize(client, claims=json.dumps(beyond))
    assert error_of(answer) == "unmet_authentication_requirements"


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_every_language_announced_is_spoken_and_written_as_its_tag(here: Walk) -> None:
    for tag in here.announced("ui_locales_supported"):
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", tag)
        page = here.arrived(here.client(), ui_locales=tag, prompt="login")
        assert f'lang="{tag}"' in page.text


@pytest.mark.spec("OpenID Connect Core 1.0", "6.1")
@pytest.mark.spec("RFC 9101", "5")
def test_request_objects_are_refused_by_their_name_where_they_are_not_announced(here: Walk) -> None:
    client = here.client(jwks=jwks(key("ES256")))
    for parameter in ("request", "request_uri"):
        if here.document[f"{parameter}_parameter_supported"]:
            continue
        value = "https://app.example/object" if parameter == "request_uri" else "x.y.z"
        answer = here.authorize(client, **{parameter: value})
        assert error_of(answer) == f"{parameter}_not_supported"


@pytest.mark.spec("RFC 9126", "5")
def test_a_plain_request_is_refused_exactly_where_pushing_is_demanded(here: Walk) -> None:
    plain = here.provider.app.test_client().get(
        "/authorize", query_string=request_parameters(client_id=here.client())
    )
    demanded = here.document["require_pushed_authorization_requests"]
    assert (error_of(plain) == "invalid_request") is demanded


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.1")
@pytest.mark.spec("OpenID Connect Front-Channel Logout 1.0", "3")
def test_logout_notices_are_given_exactly_where_they_are_announced(here: Walk) -> None:
    address = CALLBACK.replace("/callback", "/front")
    client = here.client(
        backchannel_logout_uri="https://app.example/back", frontchannel_logout_uri=address
    )
    browser = here.provider.browser()
    browser.sign_in(browser.get("/login"))
    kept, here.browser = here.browser, browser
    got = tokens(here, client)
    here.browser = kept
    assert part(got["id_token"], 1)["sid"]
    page = browser.http.get("/end_session", query_string={"id_token_hint": got["id_token"]})
    assert (address in html.unescape(page.text)) is here.document["frontchannel_logout_supported"]
    with here.provider.app.app_context():
        due = db.session.scalars(
            select(LogoutDelivery.client_id).where(LogoutDelivery.client_id == client)
        ).all()
    assert (list(due) == [client]) is here.document["backchannel_logout_supported"]


@pytest.mark.spec("RFC 9728", "4")
def test_every_resource_announced_describes_itself(here: Walk) -> None:
    http = here.provider.app.test_client()
    told = http.get("/.well-known/oauth-protected-resource/userinfo").json
    assert here.announced("protected_resources") == [told["resource"]]
    assert told["authorization_servers"] == [ISSUER]


def test_no_kind_of_name_is_announced_that_nobody_looks_at(here: Walk) -> None:
    lists = {name for name, value in here.document.items() if isinstance(value, list)}
    looked_at = {
        "response_types_supported", "response_modes_supported", "code_challenge_methods_supported",
        "prompt_values_supported", "grant_types_supported", "scopes_supported", "claims_supported",
        "subject_types_supported", "acr_values_supported", "ui_locales_supported",
        "protected_resources", "claim_types_supported",
    }  # fmt: skip
    by_algorithm = {name for name in lists if re.search(r"_(alg|enc)_values_|_auth_methods_", name)}
    assert lists - looked_at - by_algorithm == set()
    assert here.announced("claim_types_supported") == ["normal"]
