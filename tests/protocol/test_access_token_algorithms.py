"""Which key signs an access token: the API's word, or else the client's."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.clients import apis
from tests.support import provider as providers
from tests.support.provider import Provider

ORDERS, STOCK = "https://orders.example", "https://stock.example"
BOTH = "orders.read stock.read offline_access"


def algorithm_of(token: str) -> str:
    part = token.split(".", 1)[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return str(header["alg"])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Provider]:
    """A client that prefers ES256, an API that wants PS256, and one that does not care."""
    provider = providers.create(tmp_path, SIGNING_ALGORITHMS="RS256,PS256,ES256")
    provider.user()
    orders = provider.api(ORDERS, **{"orders.read": "Read"})
    provider.api(STOCK, **{"stock.read": "Read"})
    wanted = replace(orders, access_token_signed_response_alg="PS256")
    provider.do(apis.update, wanted, now=provider.at)
    provider.client(
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
        scope=("openid", "orders.read", "stock.read", "offline_access"),
        resources=(ORDERS, STOCK),
        access_token_signed_response_alg="ES256",
    )
    yield provider
    providers.dispose(provider)


@pytest.mark.parametrize(("resource", "algorithm"), [(ORDERS, "PS256"), (STOCK, "ES256")])
def test_an_api_decides_how_its_tokens_are_signed(
    shop: Provider, resource: str, algorithm: str
) -> None:
    tokens = shop.token(grant_type="client_credentials", resource=resource).json
    assert algorithm_of(tokens["access_token"]) == algorithm
    assert shop.introspect(tokens["access_token"])["active"] is True


@pytest.mark.spec("RFC 8707", "2")
def test_apis_that_want_different_signatures_are_asked_for_one_at_a_time(shop: Provider) -> None:
    refused = shop.token(grant_type="client_credentials", scope="orders.read stock.read")
    assert refused.json["error"] == "invalid_target"
    assert "one at a time" in refused.json["error_description"]


@pytest.mark.spec("RFC 8707", "2.2")
def test_a_refresh_token_serves_each_api_in_its_own_signature(shop: Provider) -> None:
    code = shop.browser().code(scope=BOTH)
    assert shop.redeem(code).json["error"] == "invalid_target"
    tokens = shop.redeem(code, resource=ORDERS).json
    assert algorithm_of(tokens["access_token"]) == "PS256"
    renewed = shop.refresh(tokens["refresh_token"], resource=STOCK).json
    assert algorithm_of(renewed["access_token"]) == "ES256"


def test_apis_that_agree_share_a_token(shop: Provider) -> None:
    stock = shop.do(apis.fresh, STOCK)
    wanted = replace(stock, access_token_signed_response_alg="PS256")
    shop.do(apis.update, wanted, now=shop.at)
    shop.pass_time(seconds=2)
    tokens = shop.token(grant_type="client_credentials", scope="orders.read stock.read").json
    assert algorithm_of(tokens["access_token"]) == "PS256"
