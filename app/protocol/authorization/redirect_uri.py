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
from app.protocol.authorization import response_mode
from app.protocol.authorization.response import Target
from app.protocol.parameters import Parameters


class UnknownTargetError(SignetError):
    """Client or redirect URI cannot be trusted: the person sees an error page and goes nowhere."""

    public = "The application that sent you here made a mistake. Please tell its makers."


def client_of(parameters: Parameters) -> Client:
    """Return the client of the request.

    Raises:
        UnknownTargetError: it is unknown or disabled.
    """
    client_id = parameters.get("client_id")
    if "client_id" in parameters.repeated | parameters.malformed:
        raise UnknownTargetError(detail="client_id came twice or unreadable")
    client = registry.get(client_id) if client_id else None
    if client is None or client.is_disabled:
        raise UnknownTargetError(
            "The application that sent you here is not known to us.",
            detail=f"client_id {client_id!r}",
        )
    return client


def target_of(client: Client, parameters: Parameters) -> Target:
    """Return where the answer to ``client`` goes.

    Raises:
        UnknownTargetError: the redirect URI is not registered.
    """
    uri, mode = parameters.get("redirect_uri"), parameters.get("response_mode")
    if "redirect_uri" in parameters.repeated | parameters.malformed:
        raise UnknownTargetError(detail="redirect_uri came twice or unreadable")
    if uri is None:
        raise UnknownTargetError(
            "The application that sent you here did not say where to return to.",
            detail=f"client {client.client_id} sent no redirect_uri",
        )
    if not is_registered(client, uri):
        raise UnknownTargetError(
            "The address to return to is not registered for this application.",
            detail=f"client {client.client_id} has no redirect_uri {uri!r}",
        )
    known_mode = mode if mode and mode in response_mode.SUPPORTED else response_mode.DEFAULT
    return Target(client.client_id, uri, known_mode, parameters.get("state"))


def is_registered(client: Client, uri: str) -> bool:
    """Tell whether ``client`` may be answered at ``uri``."""
    return redirect_uris.matches(
        client.redirect_uris, uri, application_type=client.application_type
    )
