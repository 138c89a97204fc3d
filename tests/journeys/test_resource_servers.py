"""APIs that verify access tokens locally with ordinary libraries: jose of npm, and PyJWT."""

import jwt
import pytest
import requests

from tests.support import cast, flows, node
from tests.support.tampering import with_another_end

pytestmark = [pytest.mark.server]

_SCOPE = "openid orders:read"


@pytest.fixture
def access_token_of(server, new_browser, relying_party):
    """Return an access token for the API, signed by the algorithm asked for."""
    resource = cast.api(server)

    def signed_by(algorithm, **parameters):
        application = cast.application(
            server, relying_party.redirect_uri, "--resource", resource,
            "--access-token-alg", algorithm, scope="openid roles orders:read orders:write",
        )  # fmt: skip
        person = cast.person(server, roles=["editor"])
        parameters = {"scope": _SCOPE, "resource": resource, **parameters}
        tokens = flows.tokens_of(server, application, new_browser(), person, **parameters)
        return tokens["access_token"], application, person

    return signed_by


@pytest.mark.node
@pytest.mark.spec("RFC 9068", "4")
def test_jose_verifies_access_tokens_of_every_algorithm(server, access_token_of):
    algorithms = ["RS256", "PS256", "ES256", "EdDSA"]
    made = {algorithm: access_token_of(algorithm) for algorithm in algorithms}
    rules = [
        {"token": made[algorithm][0], "audience": cast.API, "typ": "at+jwt", "algorithm": algorithm}
        for algorithm in algorithms
    ]

    judged = node.run("resource_server.mjs", {"issuer": server.issuer, "tokens": rules})

    for algorithm, verdict in zip(algorithms, judged, strict=True):
        _, application, person = made[algorithm]
        assert verdict["value"]["header"]["alg"] == algorithm
        assert verdict["value"]["payload"]["sub"] == person.id
        assert verdict["value"]["payload"]["client_id"] == application.client_id
        assert verdict["value"]["payload"]["scope"].split() == _SCOPE.split()


@pytest.mark.node
@pytest.mark.spec("RFC 9068", "4")
def test_jose_refuses_a_token_for_another_api_or_of_another_kind(server, access_token_of):
    token, _, _ = access_token_of("RS256")
    rule = {"token": token, "audience": cast.API, "typ": "at+jwt", "algorithm": "RS256"}
    rules = [
        {**rule, "audience": "https://api.example.test/invoices"},
        {**rule, "typ": "JWT"},
        {**rule, "algorithm": "ES256"},
        {**rule, "token": with_another_end(token, 4)},
    ]

    judged = node.run("resource_server.mjs", {"issuer": server.issuer, "tokens": rules})

    assert all("refused" in verdict for verdict in judged), judged


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_pyjwt_verifies_an_access_token_from_the_key_set(server, access_token_of, algorithm):
    token, application, person = access_token_of(algorithm, scope="openid roles orders:write")
    document = requests.get(server.url("/.well-known/openid-configuration"), timeout=10).json()

    with_keys = jwt.PyJWKClient(document["jwks_uri"])
    key = with_keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(
        token, key, algorithms=[algorithm], audience=cast.API, issuer=server.issuer,
        options={"require": ["exp", "iat", "aud", "iss", "sub", "client_id", "jti"]},
    )  # fmt: skip

    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert claims["sub"] == person.id
    assert claims["client_id"] == application.client_id
    assert claims["scope"].split() == ["openid", "roles", "orders:write"]
    assert claims["roles"] == ["editor"]


@pytest.mark.spec("RFC 9068", "5")
def test_pyjwt_refuses_the_token_of_userinfo_at_an_api(server, browser, relying_party):
    application = cast.application(server, relying_party.redirect_uri)
    tokens = flows.tokens_of(server, application, browser, cast.person(server))
    key = jwt.PyJWKClient(server.url("/.well-known/jwks.json")).get_signing_key_from_jwt(
        tokens["access_token"]
    )

    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(tokens["access_token"], key, algorithms=["RS256"], audience=cast.API)


def test_a_token_signed_before_a_rotation_is_still_verified_after_it(own_server, relying_party):
    server = own_server().start()
    resource = cast.api(server)
    application = cast.application(
        server, relying_party.redirect_uri, "--resource", resource,
        scope="orders:read", grant_types=("client_credentials",),
    )  # fmt: skip
    form = {"grant_type": "client_credentials", "resource": resource}
    before = flows.token(server, application, form).json()["access_token"]

    server.cli("keys", "rotate", "--algorithm", "RS256")

    keys = jwt.PyJWKClient(server.url("/.well-known/jwks.json"))
    after = flows.token(server, application, form).json()["access_token"]
    for token in (before, after):
        key = keys.get_signing_key_from_jwt(token)
        assert jwt.decode(token, key, algorithms=["RS256"], audience=resource)
    listed = [key for key in server.cli("keys", "list") if key["algorithm"] == "RS256"]
    assert sorted(key["state"] for key in listed) == ["active", "announced"]
    server.stop()
