"""Client authentication: exactly one method, the registered one.

Specs:
    RFC 6749 section 2.3        one method per request
    RFC 6749 section 5.2        invalid_client, and when it asks for Basic
    RFC 7521 section 4.2        assertions
    RFC 8705 section 2          certificates: the client names itself in the body
    OpenID Connect Core 1.0 section 9    the methods by name

Every failure looks the same from outside: unknown client, wrong proof, wrong method, disabled client.
"""

from collections.abc import Mapping

from app.clients import registry
from app.clients.authentication_methods import offered_methods
from app.clients.key_sets import KeySetUnavailableError
from app.clients.registry import Client
from app.core import config
from app.jose.foreign_jwt import ForeignTokenInvalidError
from app.jose.foreign_keys import KeySetInvalidError
from app.protocol.client_authentication import client_secret, jwt_assertion, mutual_tls, none
from app.protocol.client_authentication.presented import Presented, Prove
from app.protocol.errors import invalid_client, invalid_request
from app.protocol.server import MachineRequest

METHODS: Mapping[str, Prove] = {
    "client_secret_basic": client_secret.proves,
    "client_secret_post": client_secret.proves,
    "client_secret_jwt": jwt_assertion.proves_by_secret,
    "private_key_jwt": jwt_assertion.proves_by_key,
    "tls_client_auth": mutual_tls.proves_by_authority,
    "self_signed_tls_client_auth": mutual_tls.proves_by_key,
    "none": none.proves,
}
_BASIC = ("client_secret_basic",)
_POST = ("client_secret_post",)
_ASSERTION = ("private_key_jwt", "client_secret_jwt")
# What stands beside the request proves the client, or nothing does.
_NOTHING_SENT = ("none", "tls_client_auth", "self_signed_tls_client_auth")
# No setting switches these off.
_ALWAYS_OFFERED = frozenset((*_BASIC, *_POST, "none"))
_UNPROVABLE = (ForeignTokenInvalidError, KeySetUnavailableError, KeySetInvalidError)


def authenticate(request: MachineRequest, *, allow_public: bool = True) -> Client:
    """Return the client that made the request.

    Raises:
        OAuthError: invalid_client: it did not prove who it is; invalid_request: two methods at once.
    """
    offered = presented(request)
    client = registry.get(offered.client_id)
    method = client.token_endpoint_auth_method if client is not None else None
    if method not in offered.methods or not _is_offered(method):
        method = None
    # The proof is checked whatever the answer to the rest, so that time tells nothing; but only of a client
    # that may use the method, so that nothing is fetched for anybody else.
    proved = _proves(client if method else None, method or offered.methods[0], offered)
    if client is None or method is None or not proved or client.is_disabled:
        # What was presented is not proved to be an identifier: somebody may have swapped it with the secret.
        who = client.client_id if client is not None else "an unknown client"
        raise invalid_client(detail=f"{who} by {method or offered.methods[0]}")
    if client.is_public and not allow_public:
        raise invalid_client(detail=f"{client.client_id} is public, where none may ask")
    return client


def presented(request: MachineRequest) -> Presented:
    """Return the one proof in the request.

    Raises:
        OAuthError: none at all, more than one, or one that contradicts the body's client_id.
    """
    parameters, authorization = request.parameters, request.authorization
    body_id, secret = parameters.get("client_id"), parameters.get("client_secret")
    assertion = parameters.get("client_assertion")
    asserts = assertion is not None or parameters.get("client_assertion_type") is not None
    if (authorization is not None) + (secret is not None) + asserts > 1:
        raise invalid_request("Two client authentication methods at once.")
    if authorization is not None:
        client_id, proof = client_secret.from_basic(authorization)
        if body_id not in (None, client_id):
            raise invalid_request("client_id contradicts the Authorization header.")
        return Presented(_BASIC, client_id, proof, request)
    if asserts:
        client_id = jwt_assertion.client_of(assertion, parameters.get("client_assertion_type"))
        if body_id not in (None, client_id):
            raise invalid_client(detail="client_id contradicts the assertion")
        return Presented(_ASSERTION, client_id, assertion or "", request)
    if body_id is None:
        raise invalid_client(detail="no client authentication")
    if secret is not None:
        return Presented(_POST, body_id, secret, request)
    return Presented(_NOTHING_SENT, body_id, "", request)


def _is_offered(method: str | None) -> bool:
    return method in _ALWAYS_OFFERED or method in offered_methods(config.current())


def _proves(client: Client | None, method: str, offered: Presented) -> bool:
    try:
        return METHODS[method](client, offered)
    except _UNPROVABLE as error:
        raise invalid_client(detail=f"{type(error).__name__}: {error.detail}") from None
