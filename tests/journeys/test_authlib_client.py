"""Authlib's clients: the plain one on requests, and the one for Flask that reads discovery."""

import flask
import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session

from tests.support import cast, flows

pytestmark = [pytest.mark.server]


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch):
    # Authlib speaks plain http only when told that it may.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.parametrize("authentication", ["client_secret_basic", "client_secret_post", "none"])
def test_authlib_signs_in_refreshes_introspects_and_revokes(
    server, browser, relying_party, authentication
):
    application = cast.application(
        server, relying_party.redirect_uri, authentication=authentication
    )
    person = cast.person(server)
    with OAuth2Session(
        application.client_id, application.client_secret,
        token_endpoint_auth_method=authentication,
        revocation_endpoint_auth_method=authentication, scope="openid email offline_access",
        redirect_uri=application.redirect_uri, code_challenge_method="S256",
        token_endpoint=server.url("/token"),
    ) as client:  # fmt: skip
        verifier = "v" * 64
        url, state = client.create_authorization_url(
            server.url("/authorize"), code_verifier=verifier, nonce="n-1"
        )
        callback = flows.go_through(browser, url, person).left_for

        token = client.fetch_token(
            server.url("/token"), authorization_response=callback, state=state,
            code_verifier=verifier,
        )  # fmt: skip
        assert client.get(server.url("/userinfo")).json()["sub"] == person.id

        refreshed = client.refresh_token(server.url("/token"))
        assert refreshed["refresh_token"] != token["refresh_token"]
        assert client.get(server.url("/userinfo")).json()["email"] == person.email

        if authentication != "none":
            said = client.introspect_token(
                server.url("/introspect"), token=refreshed["access_token"]
            )
            assert said.json()["active"] is True

        revoked = client.revoke_token(
            server.url("/revoke"), token=refreshed["refresh_token"],
            token_type_hint="refresh_token",
        )  # fmt: skip
        assert revoked.status_code == 200
        assert client.get(server.url("/userinfo")).status_code == 401
        with pytest.raises(OAuthError, match="invalid_grant"):
            client.refresh_token(server.url("/token"), refreshed["refresh_token"])


def test_authlib_for_flask_signs_somebody_in_from_discovery_alone(server, browser, relying_party):
    application = cast.application(server, relying_party.redirect_uri)
    person = cast.person(server)
    app = _web_app(server, application)
    client = app.test_client()

    asked = client.get("/sign-in", base_url=relying_party.origin)
    callback = flows.go_through(browser, asked.headers["Location"], person).left_for
    path = callback.removeprefix(relying_party.origin)
    who = client.get(path, base_url=relying_party.origin)

    assert who.status_code == 200, who.text
    assert who.json["sub"] == person.id
    assert who.json["email"] == person.email


def _web_app(server, application):
    app = flask.Flask("an_application")
    app.secret_key = "only-for-this-test"
    oauth = OAuth(app)
    oauth.register(
        "signet",
        client_id=application.client_id,
        client_secret=application.client_secret,
        server_metadata_url=server.url("/.well-known/openid-configuration"),
        client_kwargs={"scope": "openid email", "code_challenge_method": "S256"},
    )

    @app.get("/sign-in")
    def sign_in():
        return oauth.signet.authorize_redirect(application.redirect_uri)

    @app.get("/callback")
    def callback():
        token = oauth.signet.authorize_access_token()
        return {**token["userinfo"], **oauth.signet.userinfo()}

    return app
