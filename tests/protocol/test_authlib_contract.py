"""What we rely on in Authlib, and the traps we stepped around: an update that changes either is seen here."""

import logging
from importlib.metadata import version

import pytest
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, UnsupportedGrantTypeError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from app.factory import GRANTS, authorization_server
from app.protocol.errors import OAuthError, translate
from app.protocol.parameters import Parameters
from app.protocol.server import MachineRequest, SignetServer, TokenRequest
from tests.support.provider import START, Provider


def request(**values: str) -> MachineRequest:
    return MachineRequest(Parameters(values), None, START)


def test_the_release_is_the_one_that_was_read() -> None:
    assert version("authlib") == "1.9.8"
    assert version("joserfc") == "1.8.0"


@pytest.mark.spec("RFC 7636", "B")
def test_the_s256_challenge_is_that_of_the_specification() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert create_s256_code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("grant", GRANTS)
def test_authlib_dispatches_by_grant_type_alone(grant: type) -> None:
    server = authorization_server()
    found = server.get_token_grant(TokenRequest(request(grant_type=grant.GRANT_TYPE)))
    assert type(found) is grant
    assert found.TOKEN_ENDPOINT_HTTP_METHODS == ["POST"]


def test_an_unknown_grant_type_is_authlibs_error_and_becomes_ours() -> None:
    with pytest.raises(UnsupportedGrantTypeError) as caught:
        authorization_server().get_token_grant(TokenRequest(request(grant_type='x"ü')))
    assert translate(caught.value).code == "unsupported_grant_type"


def test_the_grants_take_only_the_phases_from_authlib() -> None:
    for grant in GRANTS:
        assert issubclass(grant, BaseGrant)
        assert issubclass(grant, TokenEndpointMixin)
        assert "authenticate_token_endpoint_client" not in vars(grant)
    assert SignetServer.create_token_response is not AuthorizationServer.create_token_response


def test_authlib_raises_on_a_description_with_odd_characters() -> None:
    # The reason why our errors are not Authlib's: a client's input in a description would be a 500.
    with pytest.raises(ValueError, match="forbidden characters"):
        OAuth2Error(description='say "hello"')
    assert OAuthError("invalid_request", 'say "hëllo"\\\n').description == "say 'h'llo'''"


def test_authlib_knows_nothing_of_implicit_or_password_here() -> None:
    server = authorization_server()
    assert server._authorization_grants == []
    assert {grant.GRANT_TYPE for grant, _ in server._token_grants} == {
        "authorization_code", "refresh_token", "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    }  # fmt: skip
    assert server._token_generators == {}
    assert server._endpoints == {}


def test_authlibs_debug_log_stays_off_since_it_would_name_tokens(provider: Provider) -> None:
    assert provider.app
    assert logging.getLogger("authlib").getEffectiveLevel() >= logging.INFO


@pytest.mark.spec("RFC 8414", "2")
def test_our_metadata_passes_authlibs_validation(tmp_path) -> None:
    from tests.support import provider as providers

    provider = providers.create(tmp_path, ISSUER="https://id.example")
    document = provider.app.test_client().get("/.well-known/oauth-authorization-server").json
    AuthorizationServerMetadata(document).validate()
    providers.dispose(provider)


def test_the_transport_is_not_judged_by_the_url_of_one_hop(signed_up: Provider) -> None:
    answer = signed_up.app.test_client().post(
        "/token", data={"grant_type": "client_credentials"}, base_url="http://id.internal:9000"
    )
    assert answer.status_code == 401
    assert answer.json["error"] == "invalid_client"
