"""Userinfo as a JWT, and answers that only their client can read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.clients import key_sets
from app.core import outbound
from app.jose import jwt
from app.tokens import access_tokens, id_tokens
from app.tokens.id_tokens import IdTokenHintInvalidError
from tests.support import client_keys
from tests.support import provider as providers
from tests.support.client_keys import ClientKey, decrypted, key
from tests.support.compact_jwt import part
from tests.support.provider import ISSUER, Provider

SIGNING = ("RS256", "PS256", "ES256", "EdDSA")
PAIRS = [(alg, enc) for alg in ("RSA-OAEP-256", "ECDH-ES") for enc in ("A128GCM", "A256GCM")]


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Provider]:
    made = providers.create(tmp_path, SIGNING_ALGORITHMS=",".join(SIGNING))
    made.user(email="ada@example.com", email_verified=True)
    yield made
    providers.dispose(made)


def tokens(provider: Provider, scope: str = "openid email") -> dict[str, Any]:
    answer = provider.redeem(provider.browser().code(scope=scope))
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def info(provider: Provider) -> Any:
    return provider.userinfo(tokens(provider)["access_token"])


def encrypting(
    what: str, recipient: ClientKey, enc: str = "A256GCM", **more: Any
) -> dict[str, Any]:
    return {
        f"{what}_encrypted_response_alg": recipient.algorithm,
        f"{what}_encrypted_response_enc": enc,
        "jwks": client_keys.jwks(recipient),
        **more,
    }


@pytest.mark.spec("OpenID Connect Core 1.0", "5.3.2")
@pytest.mark.parametrize("algorithm", SIGNING)
def test_signed_userinfo_is_a_jwt_with_issuer_and_audience(known: Provider, algorithm: str) -> None:
    known.client(userinfo_signed_response_alg=algorithm)
    answer = info(known)
    assert answer.mimetype == "application/jwt"
    assert answer.headers["Cache-Control"] == "no-store"
    header, told = part(answer.text, 0), part(answer.text, 1)
    assert (header["alg"], header["typ"]) == (algorithm, "JWT")
    assert told["iss"] == ISSUER
    assert told["aud"] == "app"
    assert told["email"] == "ada@example.com"
    assert told.keys() == {"iss", "aud", "sub", "email", "email_verified"}


@pytest.mark.spec("RFC 8725", "3.11")
def test_signed_userinfo_passes_for_nothing_else(known: Provider) -> None:
    known.client(userinfo_signed_response_alg="RS256")
    token = info(known).text
    with known.app.app_context():
        with pytest.raises(IdTokenHintInvalidError):
            id_tokens.read_hint(token, now=known.at)
        assert access_tokens.read(token, now=known.at) is None
        with pytest.raises(jwt.InvalidTokenError):
            jwt.verify(token, typ=("JWT",), now=known.at, issuer=ISSUER)
    assert known.userinfo(token).status_code == 401


@pytest.mark.spec("OpenID Connect Core 1.0", "10.2")
@pytest.mark.spec("OpenID Connect Core 1.0", "16.14")
@pytest.mark.parametrize(("alg", "enc"), PAIRS)
def test_an_encrypted_id_token_is_the_signed_one_inside(
    known: Provider, alg: str, enc: str
) -> None:
    recipient = key(alg)
    known.client(**encrypting("id_token", recipient, enc))
    token = tokens(known)["id_token"]
    header, content = decrypted(recipient, token)
    assert (header["alg"], header["enc"], header["cty"]) == (alg, enc, "JWT")
    assert header["kid"] == recipient.kid
    assert part(content, 0)["alg"] == "RS256"
    assert part(content, 1)["nonce"] == "n-1"
    with known.app.app_context():
        assert id_tokens.read_hint(content, now=known.at).client_ids == ("app",)


@pytest.mark.spec("OpenID Connect Core 1.0", "5.3.2")
@pytest.mark.spec("OpenID Connect Core 1.0", "16.14")
def test_userinfo_is_signed_first_and_then_encrypted(known: Provider) -> None:
    recipient = key("ECDH-ES")
    known.client(**encrypting("userinfo", recipient, userinfo_signed_response_alg="ES256"))
    answer = info(known)
    assert answer.mimetype == "application/jwt"
    header, content = decrypted(recipient, answer.text)
    assert header["cty"] == "JWT"
    assert part(content, 0)["alg"] == "ES256"
    assert part(content, 1)["aud"] == "app"


@pytest.mark.spec("OpenID Connect Core 1.0", "5.3.2")
def test_userinfo_that_is_encrypted_alone_holds_the_claims_themselves(known: Provider) -> None:
    recipient = key("RSA-OAEP-256")
    known.client(**encrypting("userinfo", recipient))
    answer = info(known)
    assert answer.mimetype == "application/jwt"
    header, content = decrypted(recipient, answer.text)
    assert "cty" not in header
    assert json.loads(content).keys() == {"sub", "email", "email_verified"}


@pytest.fixture
def by_reference(known: Provider, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A client whose keys are fetched; the mapping says what its set holds, now and once renewed."""
    sets: dict[str, Any] = {"now": {"keys": []}, "renewed": None}

    def document(_client: Any, *, now: Any) -> Any:
        if sets["now"] is None:
            raise key_sets.KeySetUnavailableError
        return sets["now"]

    monkeypatch.setattr(key_sets, "document", document)
    monkeypatch.setattr(key_sets, "renewed", lambda *_, **__: sets["renewed"])
    monkeypatch.setattr(outbound, "fetch_json", None)
    without = encrypting("id_token", key("ECDH-ES")) | {"jwks": None}
    known.client(jwks_uri="https://app.example/jwks", **without)
    return sets


@pytest.mark.spec("OpenID Connect Core 1.0", "10.2")
@pytest.mark.parametrize("held", [None, {"keys": []}, client_keys.jwks(key("RS256"))])
def test_without_a_key_nothing_is_answered_in_clear_and_nothing_is_spent(
    known: Provider, by_reference: dict[str, Any], held: Any
) -> None:
    by_reference["now"] = held
    code = known.browser().code()
    answer = known.redeem(code)
    assert answer.status_code == 400
    assert answer.json["error"] == "invalid_request"
    by_reference["now"] = client_keys.jwks(key("ECDH-ES"))
    assert decrypted(key("ECDH-ES"), known.redeem(code).json["id_token"])


@pytest.mark.spec("OpenID Connect Core 1.0", "10.2.1")
def test_keys_that_do_not_fit_are_fetched_again_before_giving_up(
    known: Provider, by_reference: dict[str, Any]
) -> None:
    by_reference["now"] = client_keys.jwks(key("RS256"))
    by_reference["renewed"] = client_keys.jwks(key("ECDH-ES"))
    assert decrypted(key("ECDH-ES"), tokens(known)["id_token"])


def test_userinfo_without_a_key_is_refused_and_not_told_in_clear(
    known: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.client(**encrypting("userinfo", key("ECDH-ES")))
    token = tokens(known)["access_token"]
    monkeypatch.setattr(key_sets, "document", lambda *_, **__: {"keys": []})
    answer = known.userinfo(token)
    assert answer.status_code == 400
    assert answer.json.keys() == {"error", "error_description"}


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_server_that_cannot_sign_now_blames_no_token(
    known: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.jose.signing_keys import NoSigningKeyError

    known.client(userinfo_signed_response_alg="RS256")
    token = tokens(known)["access_token"]

    def refuse(*_: Any, **__: Any) -> str:
        raise NoSigningKeyError

    monkeypatch.setattr(jwt, "sign", refuse)
    answer = known.userinfo(token)
    assert answer.status_code == 503
    assert "WWW-Authenticate" not in answer.headers
    assert "Retry-After" in answer.headers
