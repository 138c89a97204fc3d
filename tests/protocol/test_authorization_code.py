"""Redeeming a code: by whom, with what, and once."""

import json
from base64 import urlsafe_b64decode
from hashlib import sha256

import pytest

from app.core.secrets import decode, encode
from app.jose import jwt, signing_keys
from app.tokens import derivation, revocation
from tests.support.provider import CALLBACK, ISSUER, VERIFIER, Provider, answer_of


def part(token: str, index: int) -> dict:
    body = token.split(".")[index]
    return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1")
@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.spec("RFC 9207", "2")
def test_a_person_signs_in_and_the_client_learns_who_it_is(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    assert page.status_code == 200
    answer = answer_of(browser.sign_in(page))
    assert answer["state"] == "st-1"
    assert answer["iss"] == ISSUER
    tokens = signed_up.redeem(answer["code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.headers["Cache-Control"] == "no-store"
    assert tokens.json["token_type"] == "Bearer"
    assert tokens.json["expires_in"] == 600
    assert tokens.json["scope"] == "openid"
    assert "id_token" in tokens.json
    assert "refresh_token" not in tokens.json
    info = signed_up.userinfo(tokens.json["access_token"])
    assert info.status_code == 200
    assert info.json == {"sub": part(tokens.json["id_token"], 1)["sub"]}


@pytest.mark.spec("OpenID Connect Core 1.0", "2")
def test_the_id_token_says_what_it_must_and_no_more(signed_up: Provider) -> None:
    tokens = signed_up.redeem(signed_up.browser().code(scope="openid profile email")).json
    header, claims = part(tokens["id_token"], 0), part(tokens["id_token"], 1)
    now = int(signed_up.at.timestamp())
    assert header["alg"] == "RS256"
    assert header["kid"]
    half = sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == encode(half)
    assert claims["iss"] == ISSUER
    assert claims["aud"] == claims["azp"] == "app"
    assert claims["nonce"] == "n-1"
    assert claims["iat"] == claims["auth_time"] == now
    assert claims["exp"] == now + 600
    assert claims.keys() == {
        "iss", "sub", "aud", "azp", "iat", "exp", "auth_time", "acr", "amr", "sid", "at_hash", "nonce",
    }  # fmt: skip


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_no_nonce_goes_in_if_none_came(signed_up: Provider) -> None:
    tokens = signed_up.redeem(signed_up.browser().code(nonce=None)).json
    assert "nonce" not in part(tokens["id_token"], 1)


@pytest.mark.spec("RFC 9068", "2")
def test_the_access_token_is_a_typed_jwt(signed_up: Provider) -> None:
    tokens = signed_up.redeem(signed_up.browser().code(scope="openid roles")).json
    header, claims = part(tokens["access_token"], 0), part(tokens["access_token"], 1)
    assert header["typ"] == "at+jwt"
    assert claims["aud"] == f"{ISSUER}/userinfo"
    assert claims["client_id"] == "app"
    assert claims["scope"] == "openid roles"
    assert claims["roles"] == []
    assert {"iss", "sub", "exp", "iat", "jti", "auth_time", "acr", "amr"} <= claims.keys()


@pytest.mark.spec("RFC 6749", "3.1.2")
def test_plain_oauth_without_openid_gets_no_id_token(signed_up: Provider) -> None:
    signed_up.api()
    signed_up.client("plain", scope=("api.read",), resources=("https://api.example",))
    tokens = signed_up.redeem(
        signed_up.browser().code(client_id="plain", scope="api.read"), "plain"
    )
    assert "id_token" not in tokens.json
    assert part(tokens.json["access_token"], 1)["aud"] == "https://api.example"


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_a_code_used_twice_is_refused_and_revokes_what_came_from_it(signed_up: Provider) -> None:
    code = signed_up.browser().code(scope="openid offline_access")
    tokens = signed_up.redeem(code).json
    signed_up.pass_time(seconds=2)
    again = signed_up.redeem(code)
    assert again.status_code == 400
    assert again.json["error"] == "invalid_grant"
    assert signed_up.userinfo(tokens["access_token"]).status_code == 401
    assert signed_up.introspect(tokens["access_token"]) == {"active": False}
    assert signed_up.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 6749", "4.1.3")
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uri": CALLBACK + "?x"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"code": "sgc_" + "A" * 64}, "invalid_grant"),
        ({"code": "garbage"}, "invalid_grant"),
        ({"code": "sgc_" + "ü" * 64}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"code_verifier": VERIFIER + "\n"}, "invalid_request"),
        ({"code_verifier": "v" * 42}, "invalid_grant"),
        ({"resource": "https://api.example"}, "invalid_target"),
    ],
)
def test_a_wrong_request_is_refused_and_leaves_the_code_usable(
    signed_up: Provider, change: dict[str, str], error: str
) -> None:
    code = signed_up.browser().code()
    bad = signed_up.redeem(**{"code": code, **change})
    assert bad.status_code == 400
    assert bad.json["error"] == error
    assert signed_up.redeem(code).status_code == 200


@pytest.mark.spec("RFC 6749", "4.1.3")
def test_another_clients_code_is_refused_and_stays_usable(signed_up: Provider) -> None:
    signed_up.client("thief")
    code = signed_up.browser().code()
    assert signed_up.redeem(code, "thief").json["error"] == "invalid_grant"
    assert signed_up.redeem(code).status_code == 200
    # Not even a spent one lets a stranger revoke what the rightful client holds.
    access_token = signed_up.redeem(signed_up.browser().code()).json["access_token"]
    assert signed_up.redeem(code, "thief").json["error"] == "invalid_grant"
    assert signed_up.userinfo(access_token).status_code == 200


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_a_code_expires(signed_up: Provider) -> None:
    code = signed_up.browser().code()
    signed_up.pass_time(seconds=60)
    assert signed_up.redeem(code).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 6749", "10.5")
def test_a_code_is_bound_to_its_grant_by_a_mac_over_all_of_it(signed_up: Provider) -> None:
    code = signed_up.browser().code()
    raw = bytearray(decode(code.removeprefix("sgc_")))
    with signed_up.app.app_context():
        for index in range(len(raw)):
            raw[index] ^= 1
            assert derivation.grant_of_code("sgc_" + encode(bytes(raw))) is None
            raw[index] ^= 1
        assert derivation.grant_of_code(code) is not None


def test_a_code_is_no_refresh_token(signed_up: Provider) -> None:
    code = signed_up.browser().code(scope="openid offline_access")
    assert signed_up.refresh(code).json["error"] == "invalid_grant"
    with signed_up.app.app_context():
        swapped = code.replace("sgc_", "sgr_")
        assert derivation.grant_of_refresh_token(swapped) is None


def test_a_code_of_a_disabled_person_is_refused(signed_up: Provider) -> None:
    person = signed_up.user("grace")
    browser = signed_up.browser()
    code = answer_of(browser.sign_in(browser.authorize(), "grace"))["code"]
    signed_up.do(revocation.disable_user, person.id, now=signed_up.at)
    assert signed_up.redeem(code).json["error"] == "invalid_grant"


def test_a_failure_to_sign_leaves_the_code_usable(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = signed_up.browser().code()
    with monkeypatch.context() as patch:

        def unable(*_: object, **__: object) -> str:
            raise signing_keys.NoSigningKeyError

        patch.setattr(jwt, "sign", unable)
        failed = signed_up.redeem(code)
        assert failed.status_code == 503
        assert failed.json["error"] == "temporarily_unavailable"
        assert failed.headers["Retry-After"]
    assert signed_up.redeem(code).status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.3.7")
@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
def test_a_client_chooses_its_algorithm(tmp_path, algorithm: str) -> None:
    from tests.support import provider as providers

    provider = providers.create(tmp_path, SIGNING_ALGORITHMS="PS256,ES256,EdDSA")
    provider.user()
    provider.client(
        id_token_signed_response_alg=algorithm, access_token_signed_response_alg=algorithm
    )
    tokens = provider.redeem(provider.browser().code()).json
    assert part(tokens["id_token"], 0)["alg"] == algorithm
    assert part(tokens["access_token"], 0)["alg"] == algorithm
    assert provider.userinfo(tokens["access_token"]).status_code == 200
    providers.dispose(provider)
