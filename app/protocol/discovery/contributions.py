"""What each part of the product says about itself in the metadata.

Specs:
    OpenID Connect Discovery 1.0 section 3    the members of OpenID Connect
    RFC 8414 section 2                        the members of OAuth
    RFC 9207 section 3                        ``iss`` in authorization responses
    Initiating User Registration 1.0 section 4    ``prompt_values_supported``

A feature is announced here by the function that lists its members, and nowhere else. What is not
built is not mentioned, except where a missing member would mean "yes":
``request_uri_parameter_supported`` defaults to true.
"""

from collections.abc import Callable, Mapping
from typing import Any

from app.core.config import Settings
from app.identity.authentication import ACR_SINGLE_FACTOR
from app.tokens import claims

Members = Mapping[str, Any]

JWKS_PATH = "/.well-known/jwks.json"

_SECRET_METHODS = ["client_secret_basic", "client_secret_post"]
# Protocol claims of an ID token, beside those that a scope releases.
_ID_TOKEN_CLAIMS = (
    "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash",
)  # fmt: skip


def _authorization(settings: Settings) -> Members:
    return {
        "authorization_endpoint": f"{settings.issuer}/authorize",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "acr_values_supported": [ACR_SINGLE_FACTOR],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def _token(settings: Settings) -> Members:
    return {
        "token_endpoint": f"{settings.issuer}/token",
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "token_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
    }


def _signatures(settings: Settings) -> Members:
    return {
        "jwks_uri": f"{settings.issuer}{JWKS_PATH}",
        "id_token_signing_alg_values_supported": list(settings.keys.algorithms),
    }


def _claims(settings: Settings) -> Members:
    return {
        "userinfo_endpoint": f"{settings.issuer}/userinfo",
        "subject_types_supported": ["public"],
        "scopes_supported": list(claims.SCOPES),
        "claim_types_supported": ["normal"],
        "claims_supported": [*claims.SUPPORTED, *_ID_TOKEN_CLAIMS],
    }


def _introspection(settings: Settings) -> Members:
    return {
        "introspection_endpoint": f"{settings.issuer}/introspect",
        # Whoever asks about tokens proves who it is: `none` is not among these.
        "introspection_endpoint_auth_methods_supported": _SECRET_METHODS,
    }


def _revocation(settings: Settings) -> Members:
    return {
        "revocation_endpoint": f"{settings.issuer}/revoke",
        "revocation_endpoint_auth_methods_supported": [*_SECRET_METHODS, "none"],
    }


def _logout(settings: Settings) -> Members:
    return {"end_session_endpoint": f"{settings.issuer}/end_session"}


def _pages(_: Settings) -> Members:
    return {"ui_locales_supported": ["en", "de"]}


CONTRIBUTIONS: tuple[Callable[[Settings], Members], ...] = (
    _authorization,
    _token,
    _signatures,
    _claims,
    _introspection,
    _revocation,
    _logout,
    _pages,
)
