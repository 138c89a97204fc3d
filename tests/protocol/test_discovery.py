"""The metadata: truthful, complete, well-formed."""

import json
import re

import pytest

from app.core.config import Settings
from app.core.settings_loader import load
from app.protocol.discovery import contributions, metadata

ISSUER = "https://id.example"
# The IANA registry "OAuth Authorization Server Metadata", as far as we use it.
REGISTERED = {
    "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "scopes_supported",
    "response_types_supported", "response_modes_supported", "grant_types_supported",
    "token_endpoint_auth_methods_supported", "ui_locales_supported", "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported", "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported", "code_challenge_methods_supported",
    "userinfo_endpoint", "acr_values_supported", "subject_types_supported",
    "id_token_signing_alg_values_supported", "claim_types_supported", "claims_supported",
    "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
    "end_session_endpoint", "authorization_response_iss_parameter_supported",
    "prompt_values_supported", "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests", "require_signed_request_object",
    "require_request_uri_registration", "request_object_signing_alg_values_supported",
    "authorization_signing_alg_values_supported", "device_authorization_endpoint",
    "registration_endpoint", "protected_resources", "userinfo_signing_alg_values_supported",
    "id_token_encryption_alg_values_supported", "id_token_encryption_enc_values_supported",
    "userinfo_encryption_alg_values_supported", "userinfo_encryption_enc_values_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "backchannel_logout_supported", "backchannel_logout_session_supported",
    "frontchannel_logout_supported", "frontchannel_logout_session_supported",
}  # fmt: skip
FLAGS = re.compile(r".*_parameter_supported|require_.*|.*channel_logout(_session)?_supported")


def loaded(folder, **environment: str) -> Settings:
    given = {"ISSUER": ISSUER, "SIGNING_ALGORITHMS": "ES256,EdDSA", **environment}
    return load({f"SIGNET_{name}": value for name, value in given.items()}, folder=folder)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return loaded(tmp_path)


@pytest.fixture
def document(settings):
    return json.loads(metadata.encoded(settings))


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_every_required_member_is_there(document):
    required = {
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri",
        "response_types_supported", "subject_types_supported",
        "id_token_signing_alg_values_supported",
    }  # fmt: skip
    assert required <= document.keys()


@pytest.mark.spec("RFC 8414", "2")
def test_the_issuer_is_the_configured_one_to_the_byte(document):
    assert document["issuer"] == ISSUER


def test_every_address_is_ours(document):
    addresses = {k: v for k, v in document.items() if k.endswith("_endpoint") or k == "jwks_uri"}
    assert len(addresses) == 9
    assert {a for a in addresses.values() if not a.startswith(ISSUER + "/")} == set()
    assert document["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"


def test_only_registered_members_are_used(document):
    assert document.keys() <= REGISTERED


@pytest.mark.spec("RFC 8414", "2")
def test_no_member_is_null_or_empty(document):
    assert {name for name, value in document.items() if value in (None, "", [], {})} == set()


def test_the_types_of_the_members_are_those_of_the_specification(document):
    for name, value in document.items():
        if FLAGS.fullmatch(name):
            assert value in {True, False}
        elif name.endswith("_supported") or name == "protected_resources":
            assert isinstance(value, list)
            assert all(isinstance(each, str) for each in value)
            assert len(value) == len(set(value))
        else:
            assert isinstance(value, str)


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_the_signing_algorithms_are_those_that_have_a_key(document):
    assert document["id_token_signing_alg_values_supported"] == ["RS256", "ES256", "EdDSA"]


@pytest.mark.spec("RFC 9700", "2.1.2")
def test_only_the_code_flow_is_offered(document):
    assert document["response_types_supported"] == ["code"]
    assert "fragment" not in str(document["response_modes_supported"])
    assert set(document["grant_types_supported"]) == {
        "authorization_code", "client_credentials", "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    }  # fmt: skip


@pytest.mark.spec("RFC 7636", "6.2")
def test_plain_challenges_are_not_offered(document):
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.spec("OpenID Connect Core 1.0", "6.1")
def test_what_is_switched_off_is_denied_where_silence_would_promise_it(tmp_path):
    off = {"REQUEST_OBJECTS": "false", "REQUEST_URIS": "false", "FRONT_CHANNEL_LOGOUT": "false"}
    denied = metadata.document(loaded(tmp_path, **off))
    assert denied["request_uri_parameter_supported"] is False
    assert denied["request_parameter_supported"] is False
    assert denied["frontchannel_logout_supported"] is False
    assert "request_object_signing_alg_values_supported" not in denied


def test_what_is_switched_off_is_not_mentioned(tmp_path):
    off = {"DEVICE_AUTHORIZATION": "false", "CLIENT_ASSERTIONS": "false"}
    document = metadata.document(loaded(tmp_path, **off))
    assert "device_authorization_endpoint" not in document
    assert "device_code" not in str(document["grant_types_supported"])
    assert "registration_endpoint" not in document
    assert "token_endpoint_auth_signing_alg_values_supported" not in document
    assert "private_key_jwt" not in document["token_endpoint_auth_methods_supported"]


def test_what_is_switched_on_is_announced(tmp_path):
    on = {"REGISTRATION_MODE": "open", "REQUIRE_PUSHED_AUTHORIZATION_REQUESTS": "true"}
    document = metadata.document(loaded(tmp_path, **on))
    assert document["registration_endpoint"] == f"{ISSUER}/register"
    assert document["require_pushed_authorization_requests"] is True


@pytest.mark.spec("RFC 9207", "3")
def test_the_issuer_in_answers_is_announced(document):
    assert document["authorization_response_iss_parameter_supported"] is True


@pytest.mark.spec("RFC 7662", "2.1")
def test_nobody_introspects_without_authentication(document):
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    assert "none" in document["revocation_endpoint_auth_methods_supported"]
    assert "none" in document["token_endpoint_auth_methods_supported"]


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_scopes_have_the_syntax_of_scopes_and_contain_openid(document):
    assert "openid" in document["scopes_supported"]
    assert "offline_access" in document["scopes_supported"]
    for scope in document["scopes_supported"]:
        assert re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", scope)


def test_the_claims_of_an_id_token_are_announced(document):
    wanted = {"sub", "iss", "auth_time", "acr", "amr", "sid", "name", "email", "roles"}
    assert wanted <= set(document["claims_supported"])


def test_two_features_cannot_announce_one_member(settings, monkeypatch):
    twice = (*contributions.CONTRIBUTIONS, lambda _: {"token_endpoint": "https://x.example"})
    monkeypatch.setattr(metadata, "CONTRIBUTIONS", twice)
    with pytest.raises(ValueError, match="two features announce token_endpoint"):
        metadata.document(settings)


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_a_member_that_says_nothing_is_refused(settings, monkeypatch, nothing):
    more = (*contributions.CONTRIBUTIONS, lambda _: {"op_policy_uri": nothing})
    monkeypatch.setattr(metadata, "CONTRIBUTIONS", more)
    with pytest.raises(ValueError, match="says nothing"):
        metadata.document(settings)
