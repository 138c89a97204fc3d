"""A client registers itself: POST /register."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from app.audit import events
from app.clients import initial_access_tokens, registry
from app.clients.initial_access_tokens import NewInitialAccessToken
from app.core.errors import InvalidInputError
from app.protocol.registration import schema
from tests.support import provider as providers
from tests.support.client_keys import key
from tests.support.provider import CALLBACK, ISSUER, Provider, answer_of

MINIMAL: dict[str, Any] = {"redirect_uris": [CALLBACK]}
INVALID = "invalid_client_metadata"


@pytest.fixture
def environment() -> dict[str, str]:
    return {"REGISTRATION_MODE": "open", "REGISTRATION_RATE": "1000"}


@pytest.fixture
def provider(tmp_path: Path, environment: dict[str, str]) -> Iterator[Provider]:
    made = providers.create(tmp_path, **environment)
    yield made
    providers.dispose(made)


def register(
    provider: Provider, document: Any = None, *, token: str | None = None, **members: Any
) -> TestResponse:
    """POST ``MINIMAL`` with ``members``, or ``document`` as it is."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body = json.dumps({**MINIMAL, **members}) if document is None else document
    return provider.app.test_client().post(
        "/register", data=body, headers=headers, content_type="application/json"
    )


def refused(answer: TestResponse, code: str = INVALID, *, naming: str = "") -> None:
    """Fail unless ``answer`` is a refusal in the form of the specification."""
    assert answer.status_code == 400, answer.text
    assert answer.mimetype == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.json["error"] == code, answer.json
    assert naming in answer.json["error_description"]


def initial_token(provider: Provider, **values: Any) -> str:
    new = NewInitialAccessToken(note="for the shop", **values)
    token: str = provider.do(initial_access_tokens.issue, new, now=provider.at)[1]
    return token


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "3.2")
@pytest.mark.spec("RFC 7591", "3.2.1")
@pytest.mark.spec("RFC 7592", "3")
def test_a_registration_answers_with_everything_a_client_needs(provider: Provider) -> None:
    answer = register(provider, client_name="Shop", contacts=["ada@shop.example"])
    assert answer.status_code == 201
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told["client_name"] == "Shop"
    assert told["contacts"] == ["ada@shop.example"]
    assert told["redirect_uris"] == [CALLBACK]
    assert told["client_id_issued_at"] == int(provider.at.timestamp())
    assert told["client_secret_expires_at"] == 0
    assert told["registration_client_uri"] == f"{ISSUER}/register/{told['client_id']}"
    assert told["registration_access_token"].startswith("sgt_")
    for name in ("client_id", "client_secret", "registration_access_token"):
        assert set(told[name]) <= set(providers.urlencode({"": told[name]})[1:])


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "2")
@pytest.mark.spec("RFC 7591", "2")
def test_what_is_left_out_has_the_default_of_the_specification(provider: Provider) -> None:
    told = register(provider).json
    assert told["grant_types"] == ["authorization_code"]
    assert told["response_types"] == ["code"]
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["application_type"] == "web"
    assert told["id_token_signed_response_alg"] == "RS256"
    assert told["subject_type"] == "public"
    assert told["scope"].split() == ["openid", "profile", "email", "address", "phone",
                                     "offline_access"]  # fmt: skip


@pytest.mark.spec("RFC 7591", "5")
def test_people_see_where_a_client_without_a_name_receives_answers(provider: Provider) -> None:
    assert register(provider).json["client_name"] == "app.example"


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "2")
@pytest.mark.parametrize(
    "environment", [{"REGISTRATION_MODE": "open", "SIGNING_ALGORITHMS": "RS256,ES256"}]
)
def test_everything_that_was_registered_is_echoed(provider: Provider) -> None:
    said = {
        "redirect_uris": [f"{CALLBACK}?a=1&b=%20"],
        "post_logout_redirect_uris": ["https://app.example/out"],
        "request_uris": ["https://app.example/request.jwt#abc"],
        "initiate_login_uri": "https://app.example/start",
        "backchannel_logout_uri": "https://app.example/bc",
        "backchannel_logout_session_required": True,
        "frontchannel_logout_uri": "https://app.example/fc",
        "frontchannel_logout_session_required": True,
        "grant_types": ["refresh_token", "authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "id_token_signed_response_alg": "ES256",
        "userinfo_signed_response_alg": "ES256",
        "request_object_signing_alg": "PS256",
        "require_signed_request_object": True,
        "require_pushed_authorization_requests": True,
        "default_max_age": 600,
        "require_auth_time": True,
        "default_acr_values": ["urn:x"],
        "jwks": {"keys": [key("ES256").jwk(kid=None)]},
        "software_id": "4NRB1",
        "software_version": "2",
        "policy_uri": "https://app.example/policy",
        "tos_uri": "https://app.example/tos",
        "client_uri": "https://app.example/",
    }
    answer = register(provider, **said)
    assert answer.status_code == 201, answer.text
    assert {name: answer.json[name] for name in said} == said
    assert "client_secret" not in answer.json


@pytest.mark.spec("ASVS 5.0", "15.3.3")
@pytest.mark.spec("ASVS 5.0", "10.4.4")
def test_what_is_the_operators_to_say_is_not_taken_from_a_stranger(provider: Provider) -> None:
    provider.api()
    told = register(
        provider,
        skip_consent=True,
        resources=["https://api.example"],
        claim_mappings=[{"claim": "a", "source": "text:b", "in": ["id_token"]}],
        is_dynamic=False,
        client_id="admin",
        access_token_lifetime=86400,
        refresh_token_reuse_leeway=60,
        allowed_origins=["https://evil.example"],
        require_pkce=False,
        disabled_at=None,
        registration_generation=7,
        software_statement=None,
    ).json
    client = provider.do(registry.fresh, told["client_id"])
    assert told["client_id"] != "admin"
    assert client.is_dynamic
    assert client.require_pkce
    assert not client.skip_consent
    assert (client.resources, client.claim_mappings, client.allowed_origins) == ((), (), ())
    assert (client.access_token_lifetime, client.registration_generation) == (None, 0)
    assert not {"skip_consent", "resources", "require_pkce"} & told.keys()


@pytest.mark.spec("RFC 7591", "2")
def test_members_that_we_do_not_know_are_ignored_and_not_echoed(provider: Provider) -> None:
    answer = register(provider, **{"x": {"y": 1}, "client_name#de": "Laden", "tos_uri": None})
    assert answer.status_code == 201
    assert not {"x", "client_name#de", "tos_uri"} & answer.json.keys()


NOT_DONE = {
    "request_object_encryption_alg": "RSA-OAEP-256",
    "request_object_encryption_enc": "A128GCM",
    "authorization_encrypted_response_alg": "ECDH-ES",
    "authorization_encrypted_response_enc": "A128GCM",
    "dpop_bound_access_tokens": True,
    "tls_client_certificate_bound_access_tokens": True,
    "response_types": ["code", "id_token"],
    "grant_types": ["implicit"],
    "id_token_signed_response_alg": "none",
    "userinfo_signed_response_alg": "HS256",
    "request_object_signing_alg": "none",
    "authorization_signed_response_alg": "none",
    "token_endpoint_auth_method": "urn:own",
    "token_endpoint_auth_signing_alg": "none",
    "subject_type": "secret",
    "application_type": "toaster",
    "initiate_login_uri": "http://app.example/start",
    "jwks_uri": "http://app.example/keys",
    "scope": "openid roles",
    "id_token_encrypted_response_alg": "RSA1_5",
}


@pytest.mark.spec("RFC 7591", "3.2.2")
@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "3.3")
@pytest.mark.parametrize("name", NOT_DONE)
def test_what_we_do_not_do_is_refused_by_name(provider: Provider, name: str) -> None:
    answer = register(provider, **{name: NOT_DONE[name]})
    refused(answer, naming=name)


def test_a_client_may_say_that_it_does_without(provider: Provider) -> None:
    assert register(provider, dpop_bound_access_tokens=False).status_code == 201


@pytest.mark.spec("RFC 7591", "2.1")
@pytest.mark.parametrize(
    "members",
    [
        {"response_types": []},
        {"response_types": "code"},
        {"grant_types": ["refresh_token"], "redirect_uris": []},
        {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": ["code"]},
        {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none",
         "redirect_uris": []},
        {"grant_types": []},
    ],
)  # fmt: skip
def test_grant_types_and_response_types_have_to_agree(
    provider: Provider, members: dict[str, Any]
) -> None:
    refused(register(provider, **members))


@pytest.mark.spec("RFC 7591", "2.1")
def test_a_machine_needs_no_redirect_uri_and_gets_no_scope_of_people(provider: Provider) -> None:
    told = register(provider, grant_types=["client_credentials"], redirect_uris=[]).json
    assert told["response_types"] == []
    assert "scope" not in told
    assert told["client_name"] == "Unnamed application"


@pytest.mark.spec("RFC 7591", "3.2.2")
@pytest.mark.spec("RFC 6749", "3.1.2")
@pytest.mark.parametrize(
    "uris",
    [
        [],
        [1],
        "https://app.example/callback",
        {},
        ["/callback"],
        [f"{CALLBACK}#fragment"],
        ["http://app.example/callback"],
        ["javascript:alert(1)"],
        ["https://app.example/\u0000"],
        ["https://\u200b.example/"],
        [""],
        ["https://["],
        ["https://app.example/" + "a" * 5000],
        [f"https://app.example/{n}" for n in range(101)],
    ],
)
def test_a_redirect_uri_that_cannot_be_registered_has_its_own_code(
    provider: Provider, uris: Any
) -> None:
    refused(register(provider, redirect_uris=uris), "invalid_redirect_uri")


@pytest.mark.spec("ASVS 5.0", "2.2.1")
@pytest.mark.spec("ASVS 5.0", "15.3.5")
@pytest.mark.parametrize(
    "members",
    [
        {"client_name": {}},
        {"client_name": "a\u0000b"},
        {"client_name": "a\u202eb"},
        {"client_name": "x" * 257},
        {"client_name": "  "},
        {"contacts": "ada@app.example"},
        {"contacts": [None]},
        {"default_max_age": True},
        {"default_max_age": 1.5},
        {"default_max_age": -1},
        {"default_max_age": 10**30},
        {"require_auth_time": "true"},
        {"require_auth_time": 1},
        {"jwks": []},
        {"jwks": {"keys": {}}},
        {"jwks": {"keys": []}},
        {"scope": ["openid"]},
        {"scope": "openid  email"},
        {"software_id": 7},
        {"token_endpoint_auth_method": ["none"]},
        {"dpop_bound_access_tokens": "false"},
    ],
)
def test_a_member_of_the_wrong_kind_is_refused(provider: Provider, members: Any) -> None:
    refused(register(provider, **members))


@pytest.mark.spec("RFC 7591", "2")
@pytest.mark.parametrize("kind", ["private", "symmetric", "both"])
def test_only_public_keys_are_registered_and_in_one_way(provider: Provider, kind: str) -> None:
    keys = {
        "private": {"jwks": {"keys": [key("ES256").private_jwk()]}},
        "symmetric": {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        "both": {"jwks": {"keys": [key("ES256").jwk()]}, "jwks_uri": "https://app.example/k"},
    }
    refused(register(provider, **keys[kind]), naming="jwks")


@pytest.mark.spec("RFC 7591", "3.1")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"null",
        b"{",
        b'{"redirect_uris": ["https://a.example/"], "redirect_uris": ["https://b.example/"]}',
        b'{"default_max_age": NaN}',
        b"\xff",
        b'{"client_name": "\\ud800"}',
        b"[" * 5000,
        b'{"a":' * 20 + b"1" + b"}" * 20,
    ],
)
def test_a_body_that_is_no_plain_json_object_is_refused(provider: Provider, body: bytes) -> None:
    refused(register(provider, body))


def test_a_body_of_another_kind_is_refused(provider: Provider) -> None:
    answer = provider.app.test_client().post("/register", data=MINIMAL)
    refused(answer, "invalid_request")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    said=st.dictionaries(
        st.sampled_from([*schema.STANDARD_MEMBERS, "response_types", "software_statement"]),
        _VALUES,
        max_size=4,
    )
)
def test_whatever_comes_is_registered_or_refused(provider: Provider, said: Any) -> None:
    answer = register(provider, json.dumps({**MINIMAL, **said}))
    assert answer.status_code in {201, 400}, answer.text


@pytest.mark.spec("RFC 7591", "3")
def test_what_a_client_got_it_can_use_at_once(provider: Provider) -> None:
    provider.user()
    told = register(provider, client_name="Shop", scope="openid email").json
    provider.secrets[told["client_id"]] = told["client_secret"]
    browser = provider.browser()
    page = browser.sign_in(browser.authorize(client_id=told["client_id"], scope="openid email"))
    # Nobody vouches for it, so the person is always asked.
    assert page.status_code == 200
    assert "Shop" in page.text
    code = answer_of(browser.submit(page, decision="allow"))["code"]
    assert provider.redeem(code, told["client_id"]).status_code == 200
    assert provider.do(registry.fresh, told["client_id"]).last_used_at == provider.at


@pytest.mark.spec("RFC 9700", "2.1.1")
@pytest.mark.parametrize("method", ["none", "client_secret_basic"])
def test_pkce_is_left_to_the_operator_for_clients_with_a_secret_alone(
    tmp_path: Path, method: str
) -> None:
    lenient = providers.create(
        tmp_path, REGISTRATION_MODE="open", REGISTRATION_REQUIRE_PKCE="false"
    )
    told = register(lenient, token_endpoint_auth_method=method).json
    client = lenient.do(registry.fresh, told["client_id"])
    assert client.require_pkce is (method == "none")
    assert ("client_secret" in told) is (method != "none")
    providers.dispose(lenient)


def test_a_registration_is_an_event(provider: Provider) -> None:
    told = register(provider, client_name="Shop").json
    [event] = provider.do(events.tail, kind="client.registered")
    assert (event.client_id, event.detail["client_name"]) == (told["client_id"], "Shop")


def test_no_token_reaches_the_database(provider: Provider) -> None:
    told = register(provider, token=initial_token(provider)).json
    raw = b"".join(each.read_bytes() for each in Path(provider.app.extensions[
        "signet.settings"].database.url.removeprefix("sqlite:///")).parent.iterdir()
        if each.is_file())  # fmt: skip
    assert told["registration_access_token"].encode() not in raw
    assert told["client_secret"].encode() not in raw
    assert told["client_id"].encode() in raw


@pytest.mark.spec("RFC 7591", "3")
class TestWhoMayRegister:
    """Nobody, who has a token, or anybody within a budget."""

    @pytest.mark.parametrize("environment", [{}])
    def test_by_default_nobody_may(self, provider: Provider) -> None:
        token = initial_token(provider)
        assert register(provider).status_code == 404
        assert register(provider, token=token).status_code == 404
        answer = provider.app.test_client().post("/register", data=b"x")
        assert answer.status_code == 404

    @pytest.mark.spec("RFC 6750", "3")
    @pytest.mark.parametrize("environment", [{"REGISTRATION_MODE": "token"}])
    @pytest.mark.parametrize("token", [None, "x", "sgi_" + "A" * 64, "é"])
    def test_without_a_token_of_ours_it_is_refused_with_a_challenge(
        self, provider: Provider, token: str | None
    ) -> None:
        # Before anybody looks at the metadata.
        answer = register(provider, b"{", token=token)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_token")
        challenge = answer.headers.getlist("WWW-Authenticate")
        assert len(challenge) == 1
        assert challenge[0].startswith('Bearer realm="signet"')
        assert ("error=" in challenge[0]) is (token is not None)
        assert provider.do(registry.count) == 0
        assert provider.do(events.tail, kind="client.registration_refused") == []

    @pytest.mark.parametrize("environment", [{"REGISTRATION_MODE": "token"}])
    def test_a_token_serves_as_often_as_the_operator_said(self, provider: Provider) -> None:
        token = initial_token(provider, max_uses=1)
        assert register(provider, token=token).status_code == 201
        assert register(provider, token=token).status_code == 401

    @pytest.mark.parametrize("environment", [{"REGISTRATION_MODE": "token"}])
    def test_a_registration_that_fails_uses_nothing_up(
        self, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = initial_token(provider, max_uses=1)
        refused(register(provider, token=token, grant_types=["implicit"]))

        def unreachable(_: object) -> None:
            raise InvalidInputError("Not there.", field="sector_identifier_uri")

        with monkeypatch.context() as patch:
            patch.setattr("app.clients.sectors.check", unreachable)
            refused(register(provider, token=token), naming="sector_identifier_uri")
        [event, _] = provider.do(events.tail, kind="client.registration_refused")
        assert event.detail["error"] == INVALID
        assert register(provider, token=token).status_code == 201

    @pytest.mark.parametrize("environment", [{"REGISTRATION_MODE": "token"}])
    def test_an_expired_or_revoked_token_is_refused(self, provider: Provider) -> None:
        token = initial_token(provider, expires_at=provider.at + timedelta(hours=1))
        provider.pass_time(hours=1)
        assert register(provider, token=token).status_code == 401
        other = initial_token(provider)
        [_, made] = provider.do(initial_access_tokens.page, after=None, limit=9)
        provider.do(initial_access_tokens.revoke, made.id, now=provider.at)
        assert register(provider, token=other).status_code == 401

    @pytest.mark.parametrize("mode", ["token", "open"])
    def test_a_token_bounds_the_scope_for_good(self, tmp_path: Path, mode: str) -> None:
        bounded = providers.create(tmp_path, REGISTRATION_MODE=mode)
        token = initial_token(bounded, scope=("openid", "email"))
        assert register(bounded, token=token).json["scope"] == "openid email"
        refused(register(bounded, token=token, scope="openid phone"), naming="scope")
        providers.dispose(bounded)

    @pytest.mark.spec("ASVS 5.0", "2.4.1")
    @pytest.mark.parametrize(
        "environment", [{"REGISTRATION_MODE": "open", "REGISTRATION_RATE": "2"}]
    )
    def test_a_network_may_register_so_many_in_an_hour(self, provider: Provider) -> None:
        # What is refused at once costs nothing.
        refused(register(provider, grant_types=["implicit"]))
        assert [register(provider).status_code for _ in range(3)] == [201, 201, 429]
        late = register(provider)
        assert late.json["error"] == "temporarily_unavailable"
        assert int(late.headers["Retry-After"]) > 0
        assert register(provider, token=initial_token(provider)).status_code == 201
        provider.pass_time(hours=1)
        assert register(provider).status_code == 201
