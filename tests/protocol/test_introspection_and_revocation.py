"""Whether a token counts, and how it stops counting."""

import pytest

from tests.support.provider import ISSUER, Provider

API = "https://api.example"


@pytest.fixture
def tokens(signed_up: Provider) -> dict[str, str]:
    code = signed_up.browser().code(scope="openid profile offline_access")
    return signed_up.redeem(code).json


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_living_access_token_is_described(signed_up: Provider, tokens: dict[str, str]) -> None:
    answer = signed_up.post("/introspect", {"token": tokens["access_token"]})
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert told["active"] is True
    assert told["token_type"] == "Bearer"
    assert told["scope"] == "openid profile offline_access"
    assert told["client_id"] == "app"
    assert told["iss"] == ISSUER
    assert told["aud"] == f"{ISSUER}/userinfo"
    assert type(told["exp"]) is int
    assert "username" not in told


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_living_refresh_token_is_described(signed_up: Provider, tokens: dict[str, str]) -> None:
    told = signed_up.introspect(tokens["refresh_token"])
    assert told["active"] is True
    assert told["client_id"] == "app"


@pytest.mark.spec("RFC 7662", "2.2")
@pytest.mark.parametrize("token", ["x", "a.b.c", "sgr_", "sgc_" + "A" * 64, "ü" * 3, "." * 20000])
def test_what_is_not_a_token_is_not_active(signed_up: Provider, token: str) -> None:
    assert signed_up.introspect(token) == {"active": False}


@pytest.mark.spec("RFC 7662", "4")
def test_a_foreign_client_learns_nothing(signed_up: Provider, tokens: dict[str, str]) -> None:
    signed_up.client("other")
    assert signed_up.introspect(tokens["access_token"], "other") == {"active": False}
    assert signed_up.introspect(tokens["refresh_token"], "other") == {"active": False}
    assert signed_up.introspect(tokens["id_token"]) == {"active": False}


@pytest.mark.spec("RFC 7662", "4")
def test_a_resource_server_learns_what_concerns_its_api_and_no_more(signed_up: Provider) -> None:
    signed_up.api()
    signed_up.client("caller", scope=("openid", "api.read"), resources=(API,))
    signed_up.client("other", scope=("openid", "api.read"), resources=(API,))
    signed_up.client("api", grant_types=("client_credentials",), resources=(API,))
    code = signed_up.browser().code(client_id="caller", scope="openid api.read")
    token = signed_up.redeem(code, "caller").json["access_token"]
    told = signed_up.introspect(token, "api")
    assert told["active"] is True
    assert told["aud"] == API
    assert told["scope"] == "api.read"
    own = signed_up.introspect(token, "caller")
    assert own["aud"] == [API, f"{ISSUER}/userinfo"]
    # An application that merely calls the API is not told of others' tokens.
    assert signed_up.introspect(token, "other") == {"active": False}


@pytest.mark.spec("RFC 7662", "2.1")
def test_only_an_authenticated_confidential_client_may_ask(signed_up: Provider) -> None:
    signed_up.client("public", token_endpoint_auth_method="none")
    nobody = signed_up.post("/introspect", {"token": "x"}, auth=None)
    assert nobody.status_code == 401
    public = signed_up.post("/introspect", {"token": "x", "client_id": "public"}, auth=None)
    assert public.status_code == 401
    nothing = signed_up.post("/introspect", {})
    assert nothing.status_code == 400
    assert nothing.json["error"] == "invalid_request"


@pytest.mark.spec("RFC 7662", "2.2")
def test_an_expired_token_is_not_active(signed_up: Provider, tokens: dict[str, str]) -> None:
    signed_up.pass_time(minutes=12)
    assert signed_up.introspect(tokens["access_token"]) == {"active": False}
    assert signed_up.introspect(tokens["refresh_token"])["active"] is True


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_spent_refresh_token_is_active_while_a_retry_would_succeed(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    signed_up.refresh(tokens["refresh_token"])
    assert signed_up.introspect(tokens["refresh_token"])["active"] is True
    signed_up.pass_time(seconds=11)
    assert signed_up.introspect(tokens["refresh_token"]) == {"active": False}
    # Asking is not using: the family is alive.
    assert signed_up.introspect(tokens["access_token"])["active"] is True


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.parametrize("hint", ["", "refresh_token", "access_token", "foo"])
def test_a_refresh_token_takes_its_access_tokens_along_whatever_the_hint(
    signed_up: Provider, tokens: dict[str, str], hint: str
) -> None:
    form = {"token": tokens["refresh_token"], "token_type_hint": hint}
    answer = signed_up.post("/revoke", form)
    assert answer.status_code == 200
    assert signed_up.introspect(tokens["access_token"]) == {"active": False}
    assert signed_up.userinfo(tokens["access_token"]).status_code == 401
    assert signed_up.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.parametrize("hint", ["", "refresh_token", "access_token", "foo"])
def test_one_access_token_is_revoked_alone(
    signed_up: Provider, tokens: dict[str, str], hint: str
) -> None:
    form = {"token": tokens["access_token"], "token_type_hint": hint}
    for _ in range(2):
        assert signed_up.post("/revoke", form).status_code == 200
    assert signed_up.introspect(tokens["access_token"]) == {"active": False}
    assert signed_up.userinfo(tokens["access_token"]).status_code == 401
    assert signed_up.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.spec("RFC 7009", "2.2")
def test_unknown_tokens_are_fine_and_foreign_ones_stay(
    signed_up: Provider, tokens: dict[str, str]
) -> None:
    signed_up.client("other")
    for token in ("x", tokens["access_token"], tokens["refresh_token"], tokens["id_token"]):
        assert signed_up.post("/revoke", {"token": token}, auth="other").status_code == 200
    assert signed_up.introspect(tokens["access_token"])["active"] is True
    assert signed_up.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.spec("RFC 7009", "2.1")
def test_a_public_client_may_revoke_its_own(signed_up: Provider) -> None:
    signed_up.client("public", token_endpoint_auth_method="none")
    code = signed_up.browser().code(client_id="public", scope="openid offline_access")
    tokens = signed_up.redeem(code, None, client_id="public").json
    form = {"token": tokens["refresh_token"], "client_id": "public"}
    assert signed_up.post("/revoke", form, auth=None).status_code == 200
    assert signed_up.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.spec("RFC 7009", "2.1")
def test_revocation_needs_a_client_and_a_token(signed_up: Provider) -> None:
    assert signed_up.post("/revoke", {"token": "x"}, auth=None).status_code == 401
    assert signed_up.post("/revoke", {}).json["error"] == "invalid_request"
