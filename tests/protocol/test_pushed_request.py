"""Pushed authorization requests: over HTTP, from the client's POST to the answer in the browser."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app.audit.events import Kind
from app.clients import registry
from app.core.db import db
from app.models.audit import AuditEvent
from app.models.requests import PushedRequest
from tests.support import provider as providers
from tests.support.client_keys import jwks, key, request_object
from tests.support.provider import (
    ISSUER,
    Provider,
    answer_of,
    request_parameters,
)
from tests.support.tampering import with_another_end

ELSEWHERE = "https://elsewhere.example/callback"


def push(provider, auth="app", **changes):
    return provider.post("/par", request_parameters(**changes), auth=auth)


def handle_of(provider, auth="app", **changes):
    answer = push(provider, auth, **changes)
    assert answer.status_code == 201, answer.text
    return answer.json["request_uri"]


def arrive(provider, handle, *, browser=None, **beside):
    browser = browser or provider.browser()
    query = urlencode({"client_id": "app", "request_uri": handle, **beside})
    return browser, browser.get("/authorize?" + query)


def refused(page):
    assert page.status_code == 400
    assert "Location" not in page.headers


def stored(provider):
    with provider.app.app_context():
        return [dict(row.parameters) for row in db.session.scalars(select(PushedRequest))]


def events_of(provider, kind):
    with provider.app.app_context():
        return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == kind)))


@pytest.mark.spec("RFC 9126", "2.1")
@pytest.mark.spec("RFC 9126", "2.2")
@pytest.mark.spec("RFC 9126", "4")
def test_a_pushed_request_ends_in_a_code(signed_up):
    answer = push(signed_up)
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json.keys() == {"request_uri", "expires_in"}
    assert answer.json["expires_in"] == 60
    browser, page = arrive(signed_up, answer.json["request_uri"])
    redirected = answer_of(browser.sign_in(page))
    assert redirected["state"] == "st-1"
    assert signed_up.redeem(redirected["code"]).status_code == 200


@pytest.mark.spec("RFC 9126", "2.2")
def test_a_handle_cannot_be_guessed(signed_up):
    one, other = handle_of(signed_up), handle_of(signed_up)
    assert one != other
    assert one.startswith("urn:ietf:params:oauth:request_uri:")
    for made_up in (with_another_end(one), one[:-1], one + "A", one[:40], ""):
        refused(arrive(signed_up, made_up or "urn:ietf:params:oauth:request_uri:")[1])


@pytest.mark.spec("RFC 9126", "2")
@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post_pushes(signed_up, method):
    answer = getattr(signed_up.app.test_client(), method)("/par")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.spec("RFC 9126", "2.1")
@pytest.mark.spec("RFC 9126", "2.3")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "invalid_request"),
        ({"client_id": "other"}, "invalid_request"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": ELSEWHERE}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"resource": "https://unknown.example"}, "invalid_target"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"request": "x.y.z"}, "invalid_request_object"),
        ({"id_token_hint": "x"}, "invalid_request"),
    ],
    ids=str,
)
def test_a_request_that_would_be_refused_is_refused_when_it_is_pushed(signed_up, changes, error):
    answer = push(signed_up, **changes)
    assert answer.status_code == 400
    assert answer.json["error"] == error
    assert answer.json.keys() == {"error", "error_description"}
    assert stored(signed_up) == []


@pytest.mark.spec("RFC 9126", "2")
def test_a_client_pushes_under_its_own_name_alone(signed_up):
    signed_up.client("other")
    answer = push(signed_up, client_id="other")
    assert answer.status_code == 400
    anonymous = push(signed_up, auth=None)
    assert anonymous.status_code == 401
    assert anonymous.json["error"] == "invalid_client"
    assert stored(signed_up) == []


@pytest.mark.spec("RFC 6749", "3.1")
def test_a_parameter_that_comes_twice_cannot_be_pushed(signed_up):
    body = urlencode(request_parameters()) + "&state=other"
    answer = signed_up.post(
        "/par", body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.json["error"] == "invalid_request"


@pytest.mark.spec("ASVS 5.0", "15.2.2")
def test_a_request_that_no_browser_could_carry_is_refused_at_once(signed_up):
    # A parameter that nobody knows is ignored, and counts here all the same.
    assert push(signed_up, unknown="x" * 6000).status_code == 201
    answer = push(signed_up, unknown="x" * 7000)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"


def test_what_proves_the_client_is_not_kept(signed_up):
    signed_up.client("posting", token_endpoint_auth_method="client_secret_post")
    secret = signed_up.secrets["posting"]
    assert push(signed_up, None, client_id="posting", client_secret=secret).status_code == 201
    (kept,) = stored(signed_up)
    assert kept == request_parameters(client_id="posting")


@pytest.mark.spec("RFC 9126", "4")
@pytest.mark.spec("RFC 9101", "5")
def test_whatever_stands_beside_the_handle_is_ignored(signed_up):
    beside = {
        "state": "outer",
        "redirect_uri": ELSEWHERE,
        "prompt": "none",
        "response_type": "token",
        "scope": "nonsense",
        "response_mode": "form_post",
    }
    browser, page = arrive(signed_up, handle_of(signed_up), **beside)
    assert answer_of(browser.sign_in(page))["state"] == "st-1"


@pytest.mark.spec("RFC 9126", "2.2")
@pytest.mark.spec("RFC 9126", "7.1")
def test_a_handle_is_of_no_use_to_another_client(signed_up):
    signed_up.client("other", redirect_uris=(ELSEWHERE,))
    handle = handle_of(signed_up)
    query = {"client_id": "other", "request_uri": handle, "redirect_uri": ELSEWHERE}
    refused(signed_up.browser().get("/authorize?" + urlencode(query)))
    refused(signed_up.browser().get("/authorize?" + urlencode({"request_uri": handle})))


@pytest.mark.spec("RFC 9126", "4")
def test_the_page_may_be_loaded_again_until_the_client_is_answered(signed_up):
    handle = handle_of(signed_up)
    browser, _ = arrive(signed_up, handle)
    _, page = arrive(signed_up, handle, browser=browser)
    assert answer_of(browser.sign_in(page))["code"]


@pytest.mark.spec("RFC 9126", "7.3")
@pytest.mark.spec("RFC 9126", "4")
def test_a_handle_ends_in_one_code_at_most(signed_up):
    handle = handle_of(signed_up)
    browser, page = arrive(signed_up, handle)
    assert answer_of(browser.sign_in(page))["code"]
    answer = answer_of(arrive(signed_up, handle, browser=browser)[1])
    assert answer["error"] == "invalid_request_uri"
    assert answer["state"] == "st-1"


@pytest.mark.spec("RFC 9126", "7.3")
def test_of_two_browsers_with_one_handle_one_gets_a_code(signed_up):
    handle = handle_of(signed_up)
    (one, page), (other, other_page) = arrive(signed_up, handle), arrive(signed_up, handle)
    assert answer_of(one.sign_in(page))["code"]
    assert answer_of(other.sign_in(other_page))["error"] == "invalid_request_uri"
    (event,) = events_of(signed_up, Kind.PUSHED_REQUEST_REUSED)
    assert event.client_id == "app"


def test_a_refusal_uses_the_handle_up_as_well(signed_up):
    signed_up.client("asking", skip_consent=False)
    handle = handle_of(signed_up, "asking", client_id="asking", prompt="none")
    query = "/authorize?" + urlencode({"client_id": "asking", "request_uri": handle})
    errors = [answer_of(signed_up.browser().get(query))["error"] for _ in range(2)]
    assert errors == ["login_required", "invalid_request_uri"]


@pytest.mark.spec("RFC 9126", "2.2")
@pytest.mark.spec("RFC 9126", "4")
def test_an_expired_handle_is_told_to_the_pushed_address(signed_up):
    handle = handle_of(signed_up)
    signed_up.pass_time(seconds=60)
    answer = answer_of(arrive(signed_up, handle, redirect_uri=ELSEWHERE, state="outer")[1])
    assert answer["error"] == "invalid_request_uri"
    assert answer["state"] == "st-1"


def test_who_began_in_time_may_finish_after_the_handle_expired(signed_up):
    browser, page = arrive(signed_up, handle_of(signed_up))
    signed_up.pass_time(seconds=120)
    assert answer_of(browser.sign_in(page))["code"]


def changed(provider, **values):
    def change():
        client = registry.get("app")
        fields = {
            name: getattr(client, name) for name in registry.Registration.__dataclass_fields__
        }
        registry.update("app", registry.Registration(**{**fields, **values}), now=provider.at)

    provider.do(change)


@pytest.mark.spec("RFC 9126", "7.4")
def test_what_the_client_lost_since_it_pushed_is_lost(signed_up):
    handle = handle_of(signed_up, scope="openid email")
    changed(signed_up, scope=("openid",))
    assert answer_of(arrive(signed_up, handle)[1])["error"] == "invalid_scope"
    changed(signed_up, redirect_uris=(ELSEWHERE,))
    refused(arrive(signed_up, handle)[1])


def test_a_disabled_client_cannot_use_what_it_pushed(signed_up):
    handle = handle_of(signed_up)
    signed_up.do(registry.disable, "app", now=signed_up.at)
    refused(arrive(signed_up, handle)[1])
    assert push(signed_up).status_code == 401


@pytest.mark.spec("RFC 9126", "5")
@pytest.mark.spec("RFC 9126", "6")
@pytest.mark.spec("ASVS 5.0", "10.4.13")
def test_a_client_that_has_to_push_is_served_when_it_does(signed_up):
    signed_up.client("pushing", require_pushed_authorization_requests=True)
    plain = signed_up.browser().authorize(client_id="pushing")
    assert answer_of(plain)["error"] == "invalid_request"
    handle = handle_of(signed_up, "pushing", client_id="pushing")
    browser = signed_up.browser()
    query = urlencode({"client_id": "pushing", "request_uri": handle})
    assert answer_of(browser.sign_in(browser.get("/authorize?" + query)))["code"]


@pytest.mark.spec("RFC 9126", "2.1")
def test_a_repeated_resource_survives_the_detour(signed_up):
    signed_up.api("https://one.example", **{"one.read": "Read"})
    signed_up.api("https://two.example", **{"two.read": "Read"})
    resources = ("https://one.example", "https://two.example")
    scope = ("openid", "one.read", "two.read")
    changed(signed_up, resources=resources, scope=scope)
    parameters = [*request_parameters(scope=" ".join(scope)).items()]
    parameters += [("resource", each) for each in resources]
    answer = signed_up.post("/par", dict_of_lists(parameters))
    assert answer.status_code == 201, answer.text
    browser, page = arrive(signed_up, answer.json["request_uri"])
    tokens = signed_up.redeem(answer_of(browser.sign_in(page))["code"]).json
    assert signed_up.introspect(tokens["access_token"])["aud"] == list(resources)


def dict_of_lists(pairs):
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


@pytest.fixture
def public(tmp_path) -> Iterator[Provider]:
    made = providers.create(tmp_path, PUBLIC_REQUEST_RATE="2")
    made.client(token_endpoint_auth_method="none")
    yield made
    providers.dispose(made)


@pytest.mark.spec("ASVS 5.0", "2.4.1")
def test_public_clients_push_within_the_rate_of_their_network(public):
    statuses = [push(public, None).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    late = push(public, None)
    assert late.json["error"] == "temporarily_unavailable"
    assert 0 < int(late.headers["Retry-After"]) <= 60
    public.pass_time(seconds=61)
    assert push(public, None).status_code == 201


def test_a_client_that_proves_itself_has_no_such_rate(public):
    public.client("known")
    assert [push(public, "known", client_id="known").status_code for _ in range(4)] == [201] * 4


@pytest.fixture
def signing(provider):
    provider.user()
    provider.client(jwks=jwks(key("ES256")))
    return provider


def pushed_object(provider, **changes):
    typ = changes.pop("typ", "oauth-authz-req+jwt")
    members = {**request_parameters(), **changes}
    return request_object(key("ES256"), "app", ISSUER, members, now=provider.at, typ=typ)


@pytest.mark.spec("RFC 9126", "3")
def test_a_pushed_object_needs_nothing_beside_it(signing):
    answer = signing.post("/par", {"request": pushed_object(signing)})
    assert answer.status_code == 201, answer.text
    browser, page = arrive(signing, answer.json["request_uri"])
    assert answer_of(browser.sign_in(page))["state"] == "st-1"


@pytest.mark.spec("RFC 9126", "3")
@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", None])
def test_nothing_beside_a_pushed_object_counts(signing, typ):
    signed = pushed_object(signing, typ=typ, state=None)
    outer = request_parameters(state="outer", scope="openid email", login_hint="ada")
    assert signing.post("/par", {**outer, "request": signed}).status_code == 201
    (kept,) = stored(signing)
    assert kept == request_parameters(state=None)


@pytest.mark.spec("RFC 9126", "3")
@pytest.mark.parametrize(
    "changes",
    [{"client_id": "other"}, {"client_id": None}, {"iss": "other"}, {"aud": None}, {"exp": None},
     {"request_uri": "urn:x"}],
    ids=str,
)  # fmt: skip
def test_a_pushed_object_has_to_be_the_authenticated_clients(signing, changes):
    answer = signing.post("/par", {"request": pushed_object(signing, **changes)})
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request_object"


@pytest.mark.spec("RFC 9101", "10.5")
def test_a_client_that_has_to_sign_cannot_push_plainly(signing):
    signing.client("strict", jwks=jwks(key("ES256")), require_signed_request_object=True)
    assert push(signing, "strict", client_id="strict").json["error"] == "invalid_request"
    members = request_parameters(client_id="strict")
    signed = request_object(key("ES256"), "strict", ISSUER, members, now=signing.at)
    assert signing.post("/par", {"request": signed}, auth="strict").status_code == 201


def test_secrets_within_a_pushed_object_are_not_kept(signing):
    signed = pushed_object(signing, client_secret="s", client_assertion="a")
    assert signing.post("/par", {"request": signed}).status_code == 201
    assert stored(signing) == [request_parameters()]


def test_a_browser_application_of_the_client_may_read_the_answer(provider):
    origin = "https://app.example"
    provider.client(token_endpoint_auth_method="none", allowed_origins=(origin,))
    headers = {"Origin": origin}
    answer = provider.post("/par", request_parameters(), auth=None, headers=headers)
    assert answer.headers["Access-Control-Allow-Origin"] == origin
