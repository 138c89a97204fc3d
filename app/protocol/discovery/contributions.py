"""What each part of the product says about itself in the metadata.

Specs:
    OpenID Connect Discovery 1.0 section 3    the members of OpenID Connect
    RFC 8414 section 2                        the members of OAuth
    RFC 9207 section 3                        ``iss`` in authorization responses
    Initiating User Registration 1.0 section 4    ``prompt_values_supported``

A feature is announced by the function that lists its members, here or, if a setting can switch it,
in ``feature_contributions``, and nowhere else.
"""

from collections.abc import Callable

from app.clients.metadata import offered_grant_types
from app.core.config import Settings
from app.identity import authentication_contexts
from app.protocol.authorization import response_mode
from app.protocol.discovery import feature_contributions
from app.protocol.discovery.feature_contributions import Members
from app.tokens import claims

JWKS_PATH = "/.well-known/jwks.json"

# Protocol claims of an ID token, beside those that a scope releases.
_ID_TOKEN_CLAIMS = (
    "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash",
)  # fmt: skip


def _authorization(settings: Settings) -> Members:
    return {
        "authorization_endpoint": f"{settings.issuer}/authorize",
        "response_types_supported": ["code"],
        "response_modes_supported": list(response_mode.SUPPORTED),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "acr_values_supported": list(authentication_contexts.achievable()),
        "claims_parameter_supported": True,
    }


def _token(settings: Settings) -> Members:
    return {
        "token_endpoint": f"{settings.issuer}/token",
        "grant_types_supported": list(offered_grant_types(settings)),
    }


def _signatures(settings: Settings) -> Members:
    return {
        "jwks_uri": f"{settings.issuer}{JWKS_PATH}",
        "id_token_signing_alg_values_supported": list(settings.keys.algorithms),
    }


def _claims(settings: Settings) -> Members:
    return {
        "userinfo_endpoint": f"{settings.issuer}/userinfo",
        "subject_types_supported": ["public", "pairwise"],
        "scopes_supported": list(claims.SCOPES),
        "claim_types_supported": ["normal"],
        "claims_supported": [*claims.SUPPORTED, *_ID_TOKEN_CLAIMS],
    }


def _introspection(settings: Settings) -> Members:
    return {"introspection_endpoint": f"{settings.issuer}/introspect"}


def _revocation(settings: Settings) -> Members:
    return {"revocation_endpoint": f"{settings.issuer}/revoke"}


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
    *feature_contributions.CONTRIBUTIONS,
)
