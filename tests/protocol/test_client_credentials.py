"""A client acting for itself, and which API its token is for."""

import pytest

from app.clients import registry
from app.tokens import revocation
from tests.protocol.test_authorization_code import part
from tests.support.provider import ISSUER, Provider

API = "https://api.example"


@pytest.fixture
def machine(provider: Provider) -> Provider:
    provider.api()
    provider.client(
        "machine",
        grant_types=("client_credentials",),
        scope=("api.read", "api.write"),
        resources=(API,),
    )
    return provider


def ask(provider: Provider, **parameters: str):
    return provider.token("machine", grant_type="client_credentials", **parameters)


@pytest.mark.spec("RFC 6749", "4.4.3")
def test_it_gets_an_access_token_and_nothing_else(machine: Provider) -> None:
    answer = ask(machine, scope="api.read")
    assert answer.status_code == 200, answer.text
    assert answer.json.keys() == {"access_token", "token_type", "expires_in", "scope"}
    claims = part(answer.json["access_token"], 1)
    assert claims["sub"] == claims["client_id"] == "machine"
    assert claims["aud"] == API
    assert "auth_time" not in claims
    assert machine.introspect(answer.json["access_token"], "machine")["active"] is True


@pytest.mark.spec("RFC 6749", "3.3")
def test_without_a_scope_it_gets_all_of_its_own(machine: Provider) -> None:
    assert ask(machine).json["scope"] == "api.read api.write"


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("scope", ["openid", "api.admin", "api.read offline_access", 'a"b'])
def test_a_scope_that_is_not_its_own_is_refused(machine: Provider, scope: str) -> None:
    answer = ask(machine, scope=scope)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_scope"


@pytest.mark.spec("RFC 8707", "2")
def test_a_foreign_resource_is_refused(machine: Provider) -> None:
    machine.api("https://other.example", **{"other.read": "Read"})
    answer = ask(machine, resource="https://other.example")
    assert answer.json["error"] == "invalid_target"


@pytest.mark.spec("RFC 8707", "2")
def test_one_of_several_resources_gets_only_its_own_scopes(provider: Provider) -> None:
    provider.api()
    provider.api("https://other.example", **{"other.read": "Read"})
    provider.client(
        "machine",
        grant_types=("client_credentials",),
        scope=("api.read", "other.read"),
        resources=(API, "https://other.example"),
    )
    one = ask(provider, resource="https://other.example").json
    assert one["scope"] == "other.read"
    assert part(one["access_token"], 1)["aud"] == "https://other.example"
    both = ask(provider).json
    assert part(both["access_token"], 1)["aud"] == [API, "https://other.example"]
    mixed = ask(provider, resource=API, scope="other.read")
    assert mixed.json["error"] == "invalid_scope"


@pytest.mark.spec("RFC 9068", "3")
def test_a_token_for_no_api_is_for_userinfo_alone_and_opens_nothing(provider: Provider) -> None:
    provider.client("machine", grant_types=("client_credentials",))
    answer = ask(provider).json
    assert "scope" not in answer
    assert part(answer["access_token"], 1)["aud"] == f"{ISSUER}/userinfo"
    assert provider.userinfo(answer["access_token"]).status_code == 403


@pytest.mark.spec("RFC 7009", "2.1")
def test_its_token_can_be_revoked_although_nothing_of_it_is_stored(machine: Provider) -> None:
    token, other = ask(machine).json["access_token"], ask(machine).json["access_token"]
    assert machine.post("/revoke", {"token": token}, auth="machine").status_code == 200
    assert machine.introspect(token, "machine") == {"active": False}
    assert machine.introspect(other, "machine")["active"] is True


def test_revoking_or_disabling_the_client_ends_its_tokens(machine: Provider) -> None:
    machine.client("observer", grant_types=("client_credentials",), resources=(API,))
    token = ask(machine).json["access_token"]
    machine.pass_time(seconds=2)
    machine.do(revocation.of_client, "machine", now=machine.at)
    assert machine.introspect(token, "observer") == {"active": False}
    machine.pass_time(milliseconds=10)
    fresh = ask(machine).json["access_token"]
    assert machine.introspect(fresh, "observer")["active"] is True
    machine.do(registry.disable, "machine", now=machine.at)
    assert machine.introspect(fresh, "observer") == {"active": False}


def test_the_shortest_lifetime_counts(provider: Provider) -> None:
    provider.api()
    provider.client(
        "machine",
        grant_types=("client_credentials",),
        scope=("api.read",),
        resources=(API,),
        access_token_lifetime=120,
    )
    answer = ask(provider).json
    assert answer["expires_in"] == 120
    claims = part(answer["access_token"], 1)
    assert claims["exp"] - claims["iat"] == 120
    provider.pass_time(seconds=181)
    assert provider.introspect(answer["access_token"], "machine") == {"active": False}
