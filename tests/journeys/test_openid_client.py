"""openid-client of npm, a certified relying party that validates whatever can be validated."""

import pytest

from tests.support import cast, flows, node
from tests.support.cast import EVERY_SCOPE

pytestmark = [pytest.mark.node, pytest.mark.server]

_SIGN_OUT = "--post-logout-redirect-uri"


def _given(server, application, relying_party, **more):
    return {
        "issuer": server.issuer,
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        "authentication": application.authentication,
        "redirect_uri": application.redirect_uri,
        "post_logout_redirect_uri": relying_party.post_logout_redirect_uri,
        "scope": EVERY_SCOPE,
        **more,
    }


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1")
@pytest.mark.parametrize("authentication", ["client_secret_basic", "client_secret_post", "none"])
def test_openid_client_accepts_a_whole_sign_in_from_discovery_to_sign_out(
    server, browser, relying_party, authentication
):
    application = cast.application(
        server, relying_party.redirect_uri, _SIGN_OUT, relying_party.post_logout_redirect_uri,
        authentication=authentication,
    )  # fmt: skip
    person = cast.person(server, roles=["librarian"])

    def signs_in(said):
        return {"callback": flows.go_through(browser, said["authorize"], person).left_for}

    result = node.run(
        "relying_party.mjs", _given(server, application, relying_party), answer=signs_in
    )

    assert result["claims"]["sub"] == person.id
    assert result["userinfo"]["preferred_username"] == person.username
    assert result["userinfo"]["email"] == person.email
    assert result["userinfo"]["roles"] == ["librarian"]
    assert result["userinfo_again"] == result["userinfo"]
    assert result["refreshed"]["refresh_token"] != result["tokens"]["refresh_token"]
    if authentication != "none":
        assert result["introspected"]["active"] is True
        assert result["introspected"]["sub"] == person.id
        assert result["introspected_after"] == {"active": False}
    assert result["userinfo_after"]["refused"]["status"] == 401
    assert result["refreshed_after"]["refused"]["error"] == "invalid_grant"

    left = browser.open(result["sign_out"]).left_for
    assert left == f"{relying_party.post_logout_redirect_uri}?state=bye"
    assert browser.open("/account").has("login-submit")


@pytest.mark.spec("OAuth 2.0 Form Post Response Mode 1.0", "2")
def test_openid_client_accepts_an_answer_that_arrives_as_a_form(server, browser, relying_party):
    application = cast.application(server, relying_party.redirect_uri)
    person = cast.person(server)

    def signs_in(said):
        return {"form": flows.go_through(browser, said["authorize"], person).answer}

    parameters = {"response_mode": "form_post"}
    given = _given(server, application, relying_party, parameters=parameters)
    given["scope"] = "openid"
    result = node.run("relying_party.mjs", given, answer=signs_in)

    assert result["claims"]["sub"] == person.id


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_openid_client_accepts_id_tokens_of_every_algorithm(
    server, browser, relying_party, algorithm
):
    application = cast.application(
        server, relying_party.redirect_uri, "--id-token-alg", algorithm, authentication="none"
    )
    person = cast.person(server)

    def signs_in(said):
        return {"callback": flows.go_through(browser, said["authorize"], person).left_for}

    given = _given(server, application, relying_party, algorithm=algorithm)
    result = node.run("relying_party.mjs", given, answer=signs_in)

    assert result["claims"]["sub"] == person.id


@pytest.mark.spec("RFC 6749", "4.4")
def test_openid_client_gets_a_token_in_its_own_name(server, relying_party):
    resource = cast.api(server)
    application = cast.application(
        server, relying_party.redirect_uri, "--resource", resource,
        scope="orders:read", grant_types=("client_credentials",),
    )  # fmt: skip

    tokens = node.run(
        "machine.mjs",
        {
            "issuer": server.issuer,
            "client_id": application.client_id,
            "client_secret": application.client_secret,
            "scope": "orders:read",
            "resource": resource,
        },
    )

    assert tokens["scope"] == "orders:read"
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens
