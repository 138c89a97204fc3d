"""Claim mappings from the registry into tokens, userinfo and introspection."""

from typing import Any

import pytest

from app.clients import apis
from app.clients.apis import Api
from app.core import claim_names
from tests.support.compact_jwt import part
from tests.support.provider import Provider

API, OTHER = "https://api.example", "https://other.example"
EVERYWHERE = ["id_token", "userinfo", "access_token"]


def mapped(claim: str, source: str, *places: str) -> dict[str, Any]:
    return {"claim": claim, "source": source, "in": list(places) or EVERYWHERE}


@pytest.fixture
def known(provider: Provider) -> Provider:
    attributes = {"department": "engines", "groups": ["staff", "math"]}
    provider.user(claims=attributes, roles=("app:reader", "app:writer", "other"))
    return provider


def api(provider: Provider, identifier: str, scope: str, *mappings: Any) -> None:
    made = Api(identifier, "API", {scope: "Use it"}, None, claim_mappings=mappings)
    provider.do(apis.create, made, now=provider.at)


def tokens(provider: Provider, **parameters: str) -> dict[str, Any]:
    return dict(provider.redeem(provider.browser().code(**parameters)).json)


@pytest.mark.spec("OpenID Connect Core 1.0", "5.1.2")
@pytest.mark.spec("RFC 9068", "2.2.3")
def test_a_claim_goes_into_the_places_it_is_mapped_to_and_no_other(known: Provider) -> None:
    known.client(
        claim_mappings=(
            mapped("department", "claim:department", "userinfo"),
            mapped("perms", "roles:app:", "access_token"),
            mapped("tenant", "text:acme", "id_token"),
            mapped("teams", "groups"),
        )
    )
    told = tokens(known)
    info, groups = known.userinfo(told["access_token"]).json, ["staff", "math"]
    assert info.keys() == {"sub", "department", "teams"}
    assert (info["department"], info["teams"]) == ("engines", groups)
    about, access = part(told["id_token"], 1), part(told["access_token"], 1)
    assert (about["tenant"], about["teams"]) == ("acme", groups)
    assert (access["perms"], access["teams"]) == (["reader", "writer"], groups)
    assert not about.keys() & {"perms", "department"}
    assert not access.keys() & {"tenant", "department"}


def test_what_the_person_has_no_value_for_is_absent(known: Provider) -> None:
    sources = ("claim:shoe_size", "user:email", "roles:none:")
    known.client(claim_mappings=tuple(mapped(f"x{i}", each) for i, each in enumerate(sources)))
    told = tokens(known)
    for claims in (part(told["id_token"], 1), part(told["access_token"], 1)):
        assert not claims.keys() & {"x0", "x1", "x2"}
    assert known.userinfo(told["access_token"]).json.keys() == {"sub"}


@pytest.mark.spec("RFC 7662", "2.2")
def test_an_api_is_told_what_is_mapped_for_it_also_by_introspection(known: Provider) -> None:
    api(known, API, "api.read", mapped("department", "claim:department"))
    known.client(scope=("openid", "api.read"), resources=(API,))
    known.client("api", grant_types=("client_credentials",), resources=(API,))
    told = tokens(known, scope="openid api.read")
    assert known.introspect(told["access_token"], "api")["department"] == "engines"
    assert known.introspect(told["access_token"])["department"] == "engines"
    # What is mapped for an API says nothing to the client.
    assert "department" not in part(told["id_token"], 1)
    assert known.userinfo(told["access_token"]).json.keys() == {"sub"}
    alone = tokens(known, scope="openid")
    assert "department" not in part(alone["access_token"], 1)


def test_of_two_apis_and_the_client_the_first_receiver_is_heard(known: Provider) -> None:
    api(known, API, "api.read", mapped("from", "text:api"), mapped("only", "text:here"))
    api(known, OTHER, "other.read", mapped("from", "text:other"), mapped("second", "text:other"))
    mappings = (
        mapped("from", "text:client"),
        mapped("second", "text:client"),
        mapped("c", "roles"),
    )
    known.client(
        scope=("openid", "api.read", "other.read"), resources=(API, OTHER), claim_mappings=mappings
    )
    access = part(tokens(known, scope="openid api.read other.read")["access_token"], 1)
    assert access["aud"][:2] == [API, OTHER]
    assert (access["from"], access["only"], access["second"]) == ("api", "here", "other")
    assert access["c"] == ["app:reader", "app:writer", "other"]


def test_a_client_acting_for_itself_gets_constants_alone(known: Provider) -> None:
    constant, personal = mapped("tenant", "text:acme"), mapped("who", "user:username")
    api(known, API, "api.read", constant, personal)
    known.client(
        "machine", grant_types=("client_credentials",), scope=("api.read",), resources=(API,)
    )
    token = known.token("machine", grant_type="client_credentials").json["access_token"]
    claims = part(token, 1)
    assert claims["tenant"] == "acme"
    assert "who" not in claims


@pytest.mark.spec("RFC 7519", "4.1")
def test_no_mapping_replaces_what_the_protocol_says(
    known: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("iss", "sub", "aud", "exp", "iat", "email", "events", "cnf", "nonce")
    # As if they had been stored before their names were refused.
    monkeypatch.setattr(claim_names, "PROTOCOL", frozenset())
    monkeypatch.setattr(claim_names, "SCOPED", frozenset())
    known.client(
        claim_mappings=tuple(mapped(name, "text:forged") for name in names),
        userinfo_signed_response_alg="RS256",
    )
    told = tokens(known)
    info = known.userinfo(told["access_token"])
    assert info.status_code == 200
    for token in (told["id_token"], told["access_token"], info.text):
        assert "forged" not in part(token, 1).values()
