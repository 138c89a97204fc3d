"""The options for keys, requests, sign-out, subjects and claim mappings of an application."""

import json

import pytest

from app.cli import client_options
from app.clients.client import DEVICE_CODE, REGISTERED
from tests.support import client_keys

CALLBACK = "https://app.example/callback"
KEYS = client_keys.jwks(client_keys.key("ES256"), client_keys.key("RSA-OAEP-256"))
MAPPING = "department = claim:department in id_token userinfo"


@pytest.fixture
def create(signet):
    def run(*arguments):
        return signet(
            "clients", "create", "--name", "App", "--redirect-uri", CALLBACK, *arguments, "--json"
        )

    return run


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(KEYS), "utf-8")
    return str(path)


def test_there_is_an_option_for_each_piece_of_metadata():
    fields = {field for _, field, _ in client_options._OPTIONS}
    assert fields - {"public"} == set(REGISTERED) - {"client_name"}


@pytest.mark.parametrize(
    ("arguments", "member", "value"),
    [
        (("--request-uri", "https://app.example/r#1"), "request_uris", ["https://app.example/r#1"]),
        (
            ("--require-pushed-authorization-requests",),
            "require_pushed_authorization_requests",
            True,
        ),
        (("--subject-type", "pairwise"), "subject_type", "pairwise"),
        (("--default-acr", "urn:a"), "default_acr_values", ["urn:a"]),
        (
            ("--initiate-login-uri", "https://a.example/s"),
            "initiate_login_uri",
            "https://a.example/s",
        ),
        (
            ("--backchannel-logout-uri", "https://app.example/bye"),
            "backchannel_logout_uri",
            "https://app.example/bye",
        ),
        (("--userinfo-alg", "RS256"), "userinfo_signed_response_alg", "RS256"),
        (("--software-id", "s-1"), "software_id", "s-1"),
        (
            ("--grant-type", "authorization_code", "--grant-type", DEVICE_CODE),
            "grant_types",
            ["authorization_code", DEVICE_CODE],
        ),
        (
            ("--claim-mapping", MAPPING),
            "claim_mappings",
            [{"claim": "department", "source": "claim:department", "in": ["id_token", "userinfo"]}],
        ),
    ],
)
def test_what_is_said_is_registered(create, arguments, member, value):
    answer = create(*arguments)
    assert answer.code == 0, answer.err
    assert answer.json[member] == value


def test_keys_come_from_a_file_and_no_secret_is_made(create, key_file):
    answer = create(
        "--token-endpoint-auth-method", "private_key_jwt", "--jwks", key_file,
        "--token-endpoint-auth-signing-alg", "ES256",
        "--id-token-encryption-alg", "RSA-OAEP-256", "--id-token-encryption-enc", "A128GCM",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert len(answer.json["jwks"]["keys"]) == 2
    assert "client_secret" not in answer.json


def test_an_address_takes_the_place_of_keys(signet, create, key_file):
    client_id = create("--jwks", key_file).json["client_id"]
    uri = "https://app.example/jwks"
    changed = signet("clients", "update", client_id, "--jwks", "", "--jwks-uri", uri, "--json")
    assert changed.code == 0, changed.err
    assert "jwks" not in changed.json
    assert changed.json["jwks_uri"] == uri


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": [], "keys": []}', "x" * 70_000])
def test_a_file_that_holds_no_key_set_is_wrong_usage(create, tmp_path, content):
    path = tmp_path / "jwks.json"
    path.write_text(content, "utf-8")
    answer = create("--jwks", str(path))
    assert answer.code == 2
    assert answer.out == ""


def test_a_private_key_is_not_registered(create, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [client_keys.key("ES256").private_jwk()]}), "utf-8")
    assert create("--jwks", str(path)).code == 1


@pytest.mark.parametrize("line", ["department", "department = claim:department", " in id_token"])
def test_a_line_that_maps_nothing_is_wrong_usage(create, line):
    assert create("--claim-mapping", line).code == 2


def test_mappings_are_replaced_and_emptied(signet, create):
    client_id = create("--claim-mapping", MAPPING).json["client_id"]
    other = "tenant = text:lives in a house in access_token"
    changed = signet("clients", "update", client_id, "--claim-mapping", other, "--json").json
    assert changed["claim_mappings"] == [
        {"claim": "tenant", "source": "text:lives in a house", "in": ["access_token"]}
    ]
    emptied = signet("clients", "update", client_id, "--claim-mapping", "", "--json").json
    assert "claim_mappings" not in emptied


def test_what_a_client_would_be_told_of_a_person_is_shown(signet, create):
    signet("users", "create", "ada", "--email", "a@b.example", "--claim", "department=Engines")
    client_id = create("--claim-mapping", MAPPING).json["client_id"]
    answer = signet("clients", "preview-claims", client_id, "ada", "--json")
    assert answer.code == 0, answer.err
    told = {"department": "Engines"}
    assert answer.json == {"id_token": told, "userinfo": told, "access_token": {}}
    assert signet("clients", "preview-claims", client_id, "nobody").code == 1


def test_a_client_without_an_address_has_no_keys_to_be_fetched(signet, create):
    client_id = create().json["client_id"]
    answer = signet("clients", "refresh-keys", client_id)
    assert answer.code == 1
    assert "jwks_uri" in answer.err


def test_keys_that_cannot_be_fetched_are_told(signet, create):
    client_id = create("--jwks-uri", "http://127.0.0.1:9/jwks").json["client_id"]
    answer = signet("clients", "refresh-keys", client_id)
    assert answer.code == 4
    assert "the old one stays" in answer.err
