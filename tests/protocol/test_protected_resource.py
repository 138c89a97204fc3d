"""What others may learn about an API: its document, where it is read, and who may not be described."""

from dataclasses import replace

import pytest

from app.clients import apis
from app.clients.apis import Api
from tests.support.provider import ISSUER, Provider

API = "https://api.example/orders?v=1"


@pytest.fixture
def api(provider: Provider) -> Api:
    wanted = Api(
        API, "Orders", {"orders:read": "See orders"}, documentation_uri="https://api.example/docs"
    )
    return provider.do(apis.create, wanted, now=provider.at)


def asked(provider: Provider, *resources: str):
    query = [("resource", each) for each in resources]
    return provider.app.test_client().get("/resources/metadata", query_string=query)


@pytest.mark.spec("RFC 9728", "2")
@pytest.mark.spec("RFC 9728", "3.2")
def test_an_api_is_described_by_what_is_known_of_it(provider: Provider, api: Api) -> None:
    answer = asked(provider, api.identifier)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.json == {
        "resource": API,
        "authorization_servers": [ISSUER],
        "scopes_supported": ["orders:read"],
        "bearer_methods_supported": ["header"],
        "resource_name": "Orders",
        "resource_documentation": "https://api.example/docs",
    }


@pytest.mark.spec("RFC 9728", "3.2")
def test_what_has_no_value_is_left_out(provider: Provider) -> None:
    provider.do(apis.create, Api("urn:example:plain", "Plain"), now=provider.at)
    told = asked(provider, "urn:example:plain").json
    assert told.keys() == {
        "resource", "authorization_servers", "bearer_methods_supported", "resource_name",
    }  # fmt: skip


def test_the_description_is_open_to_every_origin_and_may_be_kept_a_while(
    provider: Provider, api: Api
) -> None:
    answer = asked(provider, api.identifier)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=300" in answer.headers["Cache-Control"]
    again = provider.app.test_client().get(
        "/resources/metadata",
        query_string={"resource": API},
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/resources/metadata", "/.well-known/oauth-protected-resource/userinfo"]
)
def test_a_preflight_lets_any_header_pass(provider: Provider, path: str) -> None:
    headers = {
        "Origin": "https://tool.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-version",
    }
    answer = provider.app.test_client().options(path, headers=headers)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Headers"] == "*"


def test_an_api_that_is_not_to_be_described_sounds_like_one_that_is_not_there(
    provider: Provider, api: Api
) -> None:
    provider.do(apis.update, replace(api, publishes_metadata=False), now=provider.at)
    hidden, unknown = asked(provider, api.identifier), asked(provider, "https://no.example")
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json["detail"] == unknown.json["detail"]


@pytest.mark.parametrize("resources", [(), ("",), (API, "https://b.example")])
def test_one_api_has_to_be_named(provider: Provider, api: Api, resources: tuple[str, ...]) -> None:
    assert api.identifier == API
    assert asked(provider, *resources).status_code == 400


@pytest.mark.parametrize("query", ["resource=%00", "resource=%zz", "resource=%ff"])
def test_what_cannot_be_read_is_refused(provider: Provider, query: str) -> None:
    assert provider.app.test_client().get(f"/resources/metadata?{query}").status_code == 400


@pytest.mark.spec("RFC 9110", "13.1.1")
def test_a_condition_for_another_state_is_answered_without_the_document(
    provider: Provider,
) -> None:
    path = "/.well-known/oauth-protected-resource/userinfo"
    client = provider.app.test_client()
    tag = client.get(path).headers["ETag"]
    assert client.get(path, headers={"If-Match": tag}).status_code == 200
    refused = client.get(path, headers={"If-Match": '"other"'})
    assert (refused.status_code, refused.data) == (412, b"")
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    assert "no-store" in refused.headers["Cache-Control"]


@pytest.mark.spec("RFC 9728", "3.1")
@pytest.mark.spec("RFC 9728", "4")
def test_our_own_endpoint_is_described_where_its_address_leads(provider: Provider) -> None:
    http = provider.app.test_client()
    metadata = http.get("/.well-known/openid-configuration").json
    (resource,) = metadata["protected_resources"]
    path = resource.removeprefix(ISSUER)
    told = http.get(f"/.well-known/oauth-protected-resource{path}").json
    assert told["resource"] == resource == metadata["userinfo_endpoint"]
    assert told["authorization_servers"] == [metadata["issuer"]]
    assert told["scopes_supported"] == metadata["scopes_supported"]
    assert told["bearer_methods_supported"] == ["header", "body"]
