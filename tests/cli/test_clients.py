"""signet clients, signet apis."""

import pytest

CALLBACK = "https://app.example/callback"


@pytest.fixture
def create(signet):
    def run(*arguments):
        return signet(
            "clients", "create", "--name", "App", "--redirect-uri", CALLBACK,
            "--grant-type", "authorization_code", *arguments,
        )  # fmt: skip

    return run


@pytest.mark.spec("RFC 7591", "3.2.1")
def test_a_new_client_is_answered_with_its_information(create):
    answer = create(
        "--grant-type", "refresh_token", "--scope", "openid email offline_access",
        "--token-endpoint-auth-method", "client_secret_post",
        "--post-logout-redirect-uri", "https://app.example/", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    information = answer.json
    assert information["client_id"]
    assert len(information["client_secret"]) >= 43
    assert information["client_secret_expires_at"] == 0
    assert information["redirect_uris"] == [CALLBACK]
    assert information["grant_types"] == ["authorization_code", "refresh_token"]
    assert information["scope"] == "openid email offline_access"
    assert information["token_endpoint_auth_method"] == "client_secret_post"
    assert information["post_logout_redirect_uris"] == ["https://app.example/"]


def test_the_secret_is_shown_this_once(signet, create):
    information = create("--json").json
    shown = signet("clients", "show", information["client_id"], "--json")
    listed = signet("clients", "list", "--json")
    assert information["client_secret"] not in shown.out + listed.out
    assert "client_secret" not in shown.json


def test_a_public_client_has_no_secret(create):
    information = create("--public", "--json").json
    assert "client_secret" not in information
    assert information["token_endpoint_auth_method"] == "none"


def test_public_contradicts_a_method_with_a_secret(create):
    answer = create("--public", "--token-endpoint-auth-method", "client_secret_basic")
    assert answer.code == 2


def test_only_a_confidential_client_may_do_without_pkce(create):
    assert create("--no-require-pkce", "--json").json["require_pkce"] is False
    assert create("--public", "--no-require-pkce").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--redirect-uri", "javascript:alert(1)"),
        ("--redirect-uri", "https://app.example/#fragment"),
        ("--resource", "https://unknown.example"),
    ],
)
def test_unacceptable_metadata_is_refused(create, arguments):
    answer = create(*arguments)
    assert answer.code == 1
    assert answer.out == ""


def test_an_unknown_grant_type_is_wrong_usage(signet):
    assert signet("clients", "create", "--name", "A", "--grant-type", "password").code == 2


def test_an_update_changes_what_is_named_and_nothing_else(signet, create):
    client_id = create("--skip-consent", "--json").json["client_id"]
    answer = signet(
        "clients", "update", client_id, "--name", "Renamed", "--access-token-lifetime", "5m",
        "--no-skip-consent", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert answer.json["client_name"] == "Renamed"
    assert answer.json["redirect_uris"] == [CALLBACK]
    assert answer.json["access_token_lifetime"] == 300
    assert answer.json["skip_consent"] is False
    assert signet("clients", "update", client_id).code == 2


def test_a_rotated_secret_is_a_new_one(signet, create):
    information = create("--json").json
    rotated = signet("clients", "rotate-secret", information["client_id"], "--json").json
    assert rotated["client_secret"] != information["client_secret"]


def test_disable_enable_revoke_and_delete(signet, create):
    client_id = create("--json").json["client_id"]
    assert signet("clients", "disable", client_id, "--json").json["disabled"] is True
    assert signet("clients", "enable", client_id, "--json").json["disabled"] is False
    assert signet("clients", "revoke", client_id, "--json").json["revoked_grants"] == 0
    assert signet("clients", "delete", client_id).code == 0
    assert signet("clients", "show", client_id).code == 1
    assert signet("clients", "revoke", client_id).code == 1


def test_a_client_may_be_given_its_identifier_once(create):
    assert create("--client-id", "my-app", "--json").json["client_id"] == "my-app"
    assert create("--client-id", "my-app").code == 1


def test_an_api_lives_its_life(signet, create):
    identifier = "https://api.example"
    made = signet(
        "apis", "create", identifier, "--name", "Notes", "--scope", "read write",
        "--describe", "read=Read your notes", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert made.json["scopes"] == {"read": "Read your notes", "write": ""}
    assert signet("apis", "create", identifier, "--name", "Again").code == 1
    client = create("--resource", identifier, "--scope", "openid read", "--json")
    assert client.code == 0, client.err
    refused = signet("apis", "delete", identifier)
    assert refused.code == 1
    assert client.json["client_id"] in refused.err
    updated = signet("apis", "update", identifier, "--name", "Diary", "--json").json
    assert updated["name"] == "Diary"
    assert updated["scopes"]["read"] == "Read your notes"
    assert [api["identifier"] for api in signet("apis", "list", "--json").json] == [identifier]
    signet("clients", "delete", client.json["client_id"])
    assert signet("apis", "delete", identifier).code == 0
    assert signet("apis", "show", identifier).code == 1


def test_a_description_of_no_scope_is_wrong_usage(signet):
    answer = signet("apis", "create", "urn:a:b", "--name", "A", "--describe", "read=R")
    assert answer.code == 2


@pytest.mark.spec("RFC 9728", "2")
def test_what_an_api_may_say_of_itself_is_printed(signet):
    identifier = "https://orders.example"
    made = signet(
        "apis", "create", identifier, "--name", "Orders", "--scope", "read",
        "--access-token-alg", "RS256", "--claim", "department=claim:department",
        "--documentation-uri", "https://orders.example/docs", "--hide-metadata", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert made.json["access_token_signed_response_alg"] == "RS256"
    mapping = {"claim": "department", "source": "claim:department", "in": ["access_token"]}
    assert made.json["claim_mappings"] == [mapping]
    assert made.json["publishes_metadata"] is False
    told = signet("apis", "metadata", identifier, "--json").json
    assert told["resource"] == identifier
    assert told["scopes_supported"] == ["read"]
    assert told["resource_documentation"] == "https://orders.example/docs"


def test_what_is_not_named_stays_and_what_is_emptied_goes(signet):
    signet(
        "apis", "create", "urn:a:b", "--name", "A", "--access-token-alg", "RS256",
        "--claim", "team=claim:team", "--hide-metadata",
    )  # fmt: skip
    kept = signet("apis", "update", "urn:a:b", "--name", "B", "--json").json
    assert kept["access_token_signed_response_alg"] == "RS256"
    assert len(kept["claim_mappings"]) == 1
    assert kept["publishes_metadata"] is False
    changed = signet(
        "apis", "update", "urn:a:b", "--access-token-alg", "", "--no-claims",
        "--publish-metadata", "--json",
    ).json  # fmt: skip
    assert changed["access_token_signed_response_alg"] is None
    assert changed["claim_mappings"] == []
    assert changed["publishes_metadata"] is True
    assert signet("apis", "update", "urn:a:b", "--claim", "a=roles", "--no-claims").code == 2
    assert signet("apis", "update", "urn:a:b", "--claim", "sub=roles").code == 1
