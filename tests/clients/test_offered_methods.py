"""Clients may register only for what the settings offer."""

from dataclasses import replace

import pytest

from app.clients.authentication_methods import offered_methods
from app.clients.metadata import check, offered_grant_types
from app.core import config
from app.core.errors import InvalidInputError

SECRETS = ("client_secret_basic", "client_secret_post")


@pytest.fixture
def environment():
    return {"SIGNET_CLIENT_ASSERTIONS": "false", "SIGNET_DEVICE_AUTHORIZATION": "false"}


def test_what_is_switched_off_is_not_offered(app):
    assert offered_methods(config.current()) == (*SECRETS, "none")
    assert len(offered_grant_types(config.current())) == 3


@pytest.mark.parametrize(
    "method",
    ["client_secret_jwt", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"],
)
def test_what_is_switched_off_cannot_be_registered(app, web, method):
    wanted = replace(web, token_endpoint_auth_method=method, jwks_uri="https://shop.example/jwks")
    with pytest.raises(InvalidInputError) as caught:
        check(wanted)
    assert caught.value.field == "token_endpoint_auth_method"


def test_a_grant_type_that_is_switched_off_cannot_be_registered(app, web):
    device = "urn:ietf:params:oauth:grant-type:device_code"
    with pytest.raises(InvalidInputError) as caught:
        check(replace(web, grant_types=("authorization_code", device)))
    assert caught.value.field == "grant_types"
