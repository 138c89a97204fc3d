"""``signet registration-tokens``."""

import pytest


@pytest.mark.spec("RFC 7591", "3")
def test_an_initial_access_token_is_made_listed_and_ended(signet):
    answer = signet(
        "registration-tokens", "create", "--note", "Shop", "--scope", "openid email",
        "--max-uses", "3", "--lifetime", "1d", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    made = answer.json
    assert made["token"].startswith("sgi_")
    assert (made["scope"], made["max_uses"], made["uses"]) == ("openid email", 3, 0)
    assert made["created_by"].startswith("cli:")
    [listed] = signet("registration-tokens", "list", "--json").json
    assert listed == {name: value for name, value in made.items() if name != "token"}
    assert made["token"] not in signet("registration-tokens", "list").out
    assert signet("registration-tokens", "revoke", made["id"], "--json").json["revoked"] is True
    assert signet("registration-tokens", "list", "--json").json[0]["revoked_at"]
    assert signet("registration-tokens", "revoke", "x").code == 1


def test_a_person_is_told_to_keep_the_token(signet):
    answer = signet("registration-tokens", "create", "--note", "Shop")
    assert "not shown again" in answer.err
    assert "sgi_" in answer.out


def test_a_token_for_what_is_not_allowed_is_refused(signet):
    answer = signet("registration-tokens", "create", "--note", "Shop", "--scope", "roles")
    assert answer.code == 1
    assert "SIGNET_REGISTRATION_SCOPES" in answer.err


def test_a_client_that_registered_itself_gets_a_new_registration_token(signet):
    from app.cli.context import opened
    from app.clients import registry
    from app.clients.registry import Origin, Registration
    from app.core import clock

    signet("registration-tokens", "list")
    with opened():
        wanted = Registration("Shop", redirect_uris=("https://shop.example/cb",))
        client, _ = registry.register(wanted, origin=Origin(is_dynamic=True), now=clock.now())
    answer = signet("registration-tokens", "renew", client.client_id, "--json")
    assert answer.json["registration_access_token"].startswith("sgt_")
    assert signet("registration-tokens", "renew", "nobody").code == 1
