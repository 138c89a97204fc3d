"""Metadata that somebody whom the operator trusts vouches for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.clients import registry
from app.core import outbound
from app.core.outbound import OutboundRefusedError
from tests.protocol.test_registration import register
from tests.protocol.test_registration_management import registered
from tests.support import provider as providers
from tests.support.client_keys import hmac_signed, jwks, key, signed
from tests.support.provider import CALLBACK, ISSUER, Provider

TRUST = "https://trust.example"
KEYS = f"{TRUST}/jwks"
SIGNER = key("ES256")

pytestmark = pytest.mark.spec("RFC 7591", "2.3")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was fetched; the keys of the issuer are answered."""
    asked: list[str] = []

    def fetch(url: str, **_: Any) -> Any:
        asked.append(url)
        return jwks(SIGNER)

    monkeypatch.setattr(outbound, "fetch_json", fetch)
    return asked


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    made = providers.create(
        tmp_path, REGISTRATION_MODE="open", SOFTWARE_STATEMENT_ISSUERS=f"{TRUST}={KEYS}"
    )
    yield made
    providers.dispose(made)


def statement(**claims: Any) -> str:
    return signed(SIGNER, {"iss": TRUST, "software_id": "4NRB1", "client_name": "Real", **claims})


def test_what_a_statement_says_outweighs_what_is_said_beside_it(
    provider: Provider, fetched: list[str]
) -> None:
    made = statement(skip_consent=True, x=1)
    answer = register(
        provider, client_name="Fake", tos_uri="https://a.example/", software_statement=made
    )
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert (told["client_name"], told["software_id"]) == ("Real", "4NRB1")
    assert told["tos_uri"] == "https://a.example/"
    assert told["software_statement"] == made
    assert fetched == [KEYS]
    client = provider.do(registry.fresh, told["client_id"])
    assert client.software_statement == made
    assert not client.skip_consent


def test_a_client_cannot_take_back_what_others_vouched_for(
    provider: Provider, fetched: list[str]
) -> None:
    app = registered(provider, software_statement=statement())
    told = app.put(client_name="Fake", tos_uri="https://a.example/").json
    assert (told["client_name"], told["tos_uri"]) == ("Real", "https://a.example/")
    newer = statement(client_name="Newer")
    token = told["registration_access_token"]
    told = app.put(token=token, software_statement=newer).json
    assert (told["client_name"], told["software_statement"]) == ("Newer", newer)


@pytest.mark.spec("RFC 7591", "3.2.2")
@pytest.mark.parametrize(
    "made",
    [
        signed(SIGNER, {"iss": "https://other.example"}),
        signed(SIGNER, {"client_name": "Nobody's"}),
        signed(SIGNER, {"iss": [TRUST]}),
    ],
)
def test_a_statement_of_an_unknown_issuer_is_not_approved(
    provider: Provider, fetched: list[str], made: str
) -> None:
    answer = register(provider, software_statement=made)
    assert (answer.status_code, answer.json["error"]) == (400, "unapproved_software_statement")
    assert fetched == []


@pytest.mark.spec("RFC 7591", "3.2.2")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize(
    "made",
    [
        7,
        "x",
        "a.b.c",
        signed(key("ES256", 1), {"iss": TRUST}),
        hmac_signed(json.dumps(SIGNER.jwk()).ljust(32), {"iss": TRUST}),
        signed(SIGNER, {"iss": TRUST}, typ="at+jwt"),
        signed(SIGNER, {"iss": TRUST, "exp": 1}),
        signed(SIGNER, {"iss": TRUST, "exp": "never"}),
        signed(SIGNER, {"iss": TRUST, "nbf": 10**11}),
        signed(SIGNER, {"iss": TRUST, "aud": "https://other.example"}),
        signed(SIGNER, {"iss": TRUST, "aud": {}}),
    ],
)
def test_a_statement_that_its_issuer_did_not_sign_so_is_not_valid(
    provider: Provider, fetched: list[str], made: Any
) -> None:
    answer = register(provider, software_statement=made)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_software_statement")
    assert provider.do(registry.count) == 0


@pytest.mark.parametrize("aud", [ISSUER, ["https://other.example", ISSUER]])
def test_a_statement_may_name_us(provider: Provider, fetched: list[str], aud: Any) -> None:
    later = int(provider.at.timestamp()) + 60
    assert register(provider, software_statement=statement(aud=aud, exp=later)).status_code == 201


def test_what_a_statement_says_is_checked_like_all_else(
    provider: Provider, fetched: list[str]
) -> None:
    answer = register(provider, software_statement=statement(redirect_uris=[f"{CALLBACK}#x"]))
    assert answer.json["error"] == "invalid_redirect_uri"
    answer = register(provider, software_statement=statement(contacts=7))
    assert answer.json["error"] == "invalid_client_metadata"


def test_when_the_keys_cannot_be_had_nothing_is_believed(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(url: str, **_: Any) -> Any:
        raise OutboundRefusedError(detail=url)

    monkeypatch.setattr(outbound, "fetch_json", fail)
    answer = register(provider, software_statement=statement())
    assert answer.json["error"] == "invalid_software_statement"


def test_where_nobody_is_trusted_every_statement_is_refused(tmp_path: Path) -> None:
    alone = providers.create(tmp_path, REGISTRATION_MODE="open")
    answer = register(alone, software_statement=statement())
    assert answer.json["error"] == "unapproved_software_statement"
    providers.dispose(alone)
