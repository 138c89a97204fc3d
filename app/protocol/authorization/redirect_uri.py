"""Where an answer may go: client first, then redirect URI, and nothing else before both are proved.

Specs:
    RFC 6749 section 3.1.2, 4.1.2.1             no redirect to what is not proved
    OpenID Connect Core 1.0 section 3.1.2.1     redirect_uri is required, compared exactly
    RFC 8252 section 7.3                        the port of a loopback address is free
    RFC 9700 section 2.1, 4.11                  no open redirector
"""

from app.clients import redirect_uris, registry
from app.clients.registry import Client
from app.core.errors import SignetError
from app.protocol.authorization.response import Target
from app.protocol.parameters import Parameters

RESPONSE_MODES = ("query", "form_post")


class UnknownTargetError(SignetError):
    """Client or redirect URI cannot be trusted: the person sees an error page and goes nowhere."""

    public = "The application that sent you here made a mistake. Please tell its makers."


def resolve(parameters: Parameters) -> tuple[Client, Target]:
    """Return the client of the request and where its answer goes.

    Raises:
        UnknownTargetError: the client is unknown or disabled, or the redirect URI is not registered.
    """
    client_id, uri = parameters.get("client_id"), parameters.get("redirect_uri")
    if (parameters.repeated | parameters.malformed) & {"client_id", "redirect_uri"}:
        raise UnknownTargetError(detail="client_id or redirect_uri came twice or unreadable")
    client = registry.get(client_id) if client_id else None
    if client is None or client.is_disabled:
        raise UnknownTargetError(
            "The application that sent you here is not known to us.",
            detail=f"client_id {client_id!r}",
        )
    if uri is None:
        raise UnknownTargetError(
            "The application that sent you here did not say where to return to.",
            detail=f"client {client_id} sent no redirect_uri",
        )
    if not is_registered(client, uri):
        raise UnknownTargetError(
            "The address to return to is not registered for this application.",
            detail=f"client {client_id} has no redirect_uri {uri!r}",
        )
    mode = parameters.get("response_mode")
    known_mode = mode if mode in RESPONSE_MODES else "query"
    return client, Target(client.client_id, uri, known_mode, parameters.get("state"))


def is_registered(client: Client, uri: str) -> bool:
    """Tell whether ``client`` may be answered at ``uri``."""
    return redirect_uris.matches(
        client.redirect_uris, uri, application_type=client.application_type
    )
