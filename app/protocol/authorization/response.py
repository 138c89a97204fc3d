"""The answer of the authorization endpoint: a code or an error, with ``iss`` in both.

Specs:
    RFC 6749 section 4.1.2, 4.1.2.1    parameters of success and error; state verbatim, or absent
    RFC 9207 section 2                 iss in every answer
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.core import config
from app.protocol.errors import OAuthError


@dataclass(frozen=True)
class Target:
    """Where the answer goes, proved to belong to the client before anything else was looked at."""

    client_id: str
    redirect_uri: str
    response_mode: str
    state: str | None


@dataclass(frozen=True)
class AuthorizationResponse:
    """Parameters for the client, and how they travel."""

    redirect_uri: str
    response_mode: str
    parameters: Mapping[str, str]
    # For whom it is: the audience of a signed one.
    client_id: str


class RefusedForClientError(Exception):
    """The request is refused, and the client may be told."""

    def __init__(self, target: Target, error: OAuthError) -> None:
        self.target = target
        self.error = error
        super().__init__(error.code)


def success(target: Target, code: str) -> AuthorizationResponse:
    """Return the answer that carries ``code``."""
    return _response(target, {"code": code})


def refusal(target: Target, error: OAuthError) -> AuthorizationResponse:
    """Return the answer that carries ``error``."""
    return _response(target, {"error": error.code, "error_description": error.description})


def _response(target: Target, parameters: dict[str, str]) -> AuthorizationResponse:
    if target.state is not None:
        parameters["state"] = target.state
    parameters["iss"] = config.current().issuer
    return AuthorizationResponse(
        target.redirect_uri, target.response_mode, parameters, target.client_id
    )
