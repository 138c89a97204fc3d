"""The phases of the token endpoint, in an order that no grant type can leave out.

Specs:
    RFC 6749 section 3.2, 5    the token endpoint

Authenticate the client, let the grant type decide what is conveyed, mint it, and only then spend what was
presented: a failure to sign leaves code and refresh token usable, and of many who race exactly one spends.

What binds a token to its sender (a DPoP proof, a certificate) is looked at between the two first phases, and goes
into the ``Authorization``; a further grant type is one more file in ``grants``.
"""

from abc import abstractmethod
from datetime import datetime
from typing import ClassVar

from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from app.clients import registry
from app.clients.registry import Client
from app.core import metrics
from app.protocol.client_authentication.authenticate import authenticate
from app.protocol.errors import OAuthError
from app.protocol.parameters import Parameters
from app.protocol.server import json_answer
from app.tokens import issue
from app.tokens.authorization import Authorization


class TokenGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """A grant type. Subclasses say what is conveyed (``authorize``) and how it is spent (``spend``)."""

    GRANT_TYPE: ClassVar[str]

    @property
    def parameters(self) -> Parameters:
        """Return the parameters of the request."""
        parameters: Parameters = self.request.machine.parameters
        return parameters

    @property
    def now(self) -> datetime:
        """Return the instant of the request."""
        now: datetime = self.request.machine.now
        return now

    @abstractmethod
    def authorize(self, client: Client) -> Authorization:
        """Return what this request conveys, having changed nothing but the trace of an attack."""

    def spend(self, authorization: Authorization) -> None:
        """Spend what was presented; by default nothing was."""

    def validate_token_request(self) -> None:
        """Authenticate the client and authorize the request."""
        client = authenticate(self.request.machine)
        self.request.client = client
        if not client.allows_grant(self.GRANT_TYPE):
            raise OAuthError("unauthorized_client", f"The client may not use {self.GRANT_TYPE}.")
        self.authorization = self.authorize(client)

    def create_token_response(self) -> tuple[int, str, list[tuple[str, str]]]:
        """Mint, then spend, then answer."""
        answer = json_answer(issue.mint(self.authorization, now=self.now).as_json())
        if self.authorization.client.is_dynamic:
            registry.note_use(self.authorization.client, now=self.now)
        # The last thing that can fail: what is spent is answered. If there is a transaction it is part of that.
        self.spend(self.authorization)
        metrics.tokens_issued(self.GRANT_TYPE)
        return answer.status, answer.body, answer.headers


def required(parameters: Parameters, name: str) -> str:
    """Return a parameter that must be there.

    Raises:
        OAuthError: invalid_request: it is not.
    """
    value = parameters.get(name)
    if value is None:
        raise OAuthError("invalid_request", f"{name} is missing.")
    return value
