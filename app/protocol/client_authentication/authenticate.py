"""Client authentication: exactly one method, the registered one.

Specs:
    RFC 6749 section 2.3        one method per request
    RFC 6749 section 5.2        invalid_client, and when it asks for Basic
    OpenID Connect Core 1.0 section 9    the methods by name

Every failure looks the same from outside: unknown client, wrong secret, wrong method, disabled client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.clients import registry
from app.clients.registry import Client
from app.protocol.client_authentication import client_secret, none
from app.protocol.errors import invalid_client, invalid_request
from app.protocol.parameters import Parameters

METHODS: Mapping[str, Callable[[Client | None, str, datetime], bool]] = {
    "client_secret_basic": client_secret.proves,
    "client_secret_post": client_secret.proves,
    "none": none.proves,
}


@dataclass(frozen=True)
class Presented:
    """What a request offers as proof. Not a word of it may reach a log."""

    method: str
    client_id: str
    proof: str


def authenticate(
    authorization: str | None,
    parameters: Parameters,
    *,
    now: datetime,
    allow_public: bool = True,
) -> Client:
    """Return the client that made the request.

    Raises:
        OAuthError: invalid_client: it did not prove who it is; invalid_request: two methods at once.
    """
    offered = presented(authorization, parameters)
    client = registry.get(offered.client_id)
    registered = client is not None and client.token_endpoint_auth_method == offered.method
    # The secret is checked whatever the answer to the rest, so that time tells nothing.
    proved = METHODS[offered.method](client, offered.proof, now)
    if client is None or not registered or not proved or client.is_disabled:
        # What was presented is not proved to be an identifier: somebody may have swapped it with the secret.
        who = client.client_id if client is not None else "an unknown client"
        raise invalid_client(detail=f"{who} by {offered.method}")
    if client.is_public and not allow_public:
        raise invalid_client(detail=f"{client.client_id} is public, where none may ask")
    return client


def presented(authorization: str | None, parameters: Parameters) -> Presented:
    """Return the one proof in the request.

    Raises:
        OAuthError: none at all, more than one, or one that contradicts the body's client_id.
    """
    body_id, secret = parameters.get("client_id"), parameters.get("client_secret")
    if parameters.get("client_assertion") or parameters.get("client_assertion_type"):
        raise invalid_client(detail="client assertions are not supported")
    if authorization is not None:
        if secret is not None:
            raise invalid_request("Two client authentication methods at once.")
        client_id, proof = client_secret.from_basic(authorization)
        if body_id not in (None, client_id):
            raise invalid_request("client_id contradicts the Authorization header.")
        return Presented("client_secret_basic", client_id, proof)
    if body_id is None:
        raise invalid_client(detail="no client authentication")
    if secret is not None:
        return Presented("client_secret_post", body_id, secret)
    return Presented("none", body_id, "")
