"""The Authlib authorization server: it dispatches grants; every rule and all state are ours.

Specs:
    RFC 6749 section 3.2, 5    the token endpoint

Authlib's own client authentication, token saving, transport check and error rendering are replaced, for the
reasons that the contract tests in ``tests/protocol/test_authlib_contract.py`` pin down.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Payload, OAuth2Request

from app.core.errors import SignetError
from app.protocol.errors import OAuthError, invalid_request, translate
from app.protocol.parameters import Parameters

_NO_STORE = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
)
_RETRY_AFTER = 2
# Made once: json.dumps would make one for each answer.
_encode = json.JSONEncoder(separators=(",", ":")).encode
_UNAUTHORIZED = 401
_UNAVAILABLE = 503

log = structlog.get_logger(__name__)


@dataclass
class Answer:
    """What a machine endpoint says, before it becomes a response. ``client_id`` is set once it is proved."""

    status: int
    body: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    client_id: str | None = None


@dataclass(frozen=True)
class MachineRequest:
    """A POST to a machine endpoint as the edge read it, once. Not a word of it may reach a log.

    ``path`` is that of the endpoint, ``certificate`` what the client showed in TLS (DER), if we look at it.
    """

    parameters: Parameters = field(repr=False)
    authorization: str | None = field(repr=False)
    now: datetime
    path: str = "/token"
    certificate: bytes | None = field(default=None, repr=False)


class _Payload(OAuth2Payload):  # type: ignore[misc]
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    @property
    def data(self) -> Mapping[str, str]:
        return self._values


class TokenRequest(OAuth2Request):  # type: ignore[misc]
    """A token request for Authlib.

    Authlib's constructor is not called: it would check the transport by the URL of this one hop, which behind a
    proxy is plain http. Ours was checked at the start, when the issuer was.
    """

    def __init__(self, request: MachineRequest) -> None:
        self.method = "POST"
        self.payload = _Payload(request.parameters.values)
        self.machine = request
        self.client = None
        self.user = None


class SignetServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server with our request, our errors and our answers."""

    def create_oauth2_request(self, request: MachineRequest) -> TokenRequest:
        """Return the request in Authlib's form."""
        return TokenRequest(request)

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Return Authlib's triple as our answer."""
        return Answer(status, body if isinstance(body, str) else json.dumps(body), list(headers))

    def create_token_response(self, request: MachineRequest) -> Answer:
        """Answer a token request; every refusal is an RFC 6749 error and never an exception.

        Raises:
            SignetError: one for which the protocol has no word; the edge answers it.
        """
        if request.parameters.get("grant_type") is None:
            return error_answer(invalid_request("grant_type is missing."))
        token_request = self.create_oauth2_request(request)
        try:
            grant = self.get_token_grant(token_request)
            grant.validate_token_request()
            answer = self.handle_response(*grant.create_token_response())
        except (OAuth2Error, SignetError) as error:
            answer = error_answer(translate(error))
        if token_request.client is not None:
            answer.client_id = token_request.client.client_id
        return answer

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: what happens is recorded by those who do it."""


def json_answer(body: Mapping[str, Any], *, status: int = 200) -> Answer:
    """Return a JSON answer that nobody may store (RFC 6749 section 5.1)."""
    return Answer(status, _encode(body), list(_NO_STORE))


def error_answer(error: OAuthError) -> Answer:
    """Return an RFC 6749 section 5.2 error; what was really wrong goes to the log alone."""
    answer = json_answer(
        {"error": error.code, "error_description": error.description}, status=error.status
    )
    log.info("oauth.refused", error=error.code, description=error.description, detail=error.detail)
    if error.status == _UNAUTHORIZED:
        answer.headers.append(("WWW-Authenticate", 'Basic realm="signet", charset="UTF-8"'))
    wait = error.retry_after or (_RETRY_AFTER if error.status == _UNAVAILABLE else None)
    if wait is not None:
        answer.headers.append(("Retry-After", str(wait)))
    return answer
