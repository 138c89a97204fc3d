"""The pushed authorization request endpoint: a client says directly what the browser will only refer to.

Specs:
    RFC 9126 section 2.1    the request, validated as it will be at the authorization endpoint
    RFC 9126 section 2.2    the answer: 201, a handle and how long it lives
    RFC 9126 section 2.3    errors
    RFC 9126 section 3      a request object, and then nothing beside it
    ASVS 5.0 10.4.13

What is kept is checked once more when the browser comes: client and registration may have changed meanwhile.
"""

from app.clients.registry import Client
from app.core import config
from app.core.errors import SignetError
from app.protocol import public_rate
from app.protocol.authorization import pipeline, request_object
from app.protocol.authorization.redirect_uri import UnknownTargetError
from app.protocol.authorization.source import Source
from app.protocol.client_authentication.authenticate import authenticate
from app.protocol.errors import OAuthError, invalid_request, translate
from app.protocol.parameters import Parameters
from app.protocol.server import Answer, MachineRequest, json_answer
from app.tokens import pushed_requests

_CREATED = 201
# They prove the client and are no part of what it asks for; kept they would be secrets in the database.
_AUTHENTICATION = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
# While the person signs in the request travels through the browser, in a URL.
_LONGEST = 7000


def push(request: MachineRequest) -> Answer:
    """Keep an authorization request of an authenticated client and return its handle.

    Raises:
        OAuthError: the client is not authenticated, or the request would be refused.
        SignetError: one for which the protocol has no word; the edge answers it.
    """
    client = authenticate(request)
    now = request.now
    try:
        if client.is_public:
            public_rate.spend("pushed-requests", now=now)
        source = _source(client, request)
        pairs = _kept(source)
        pipeline.examine(client, source, now=now)
    except UnknownTargetError as error:
        # The words of that error are for a person in a browser.
        public = "redirect_uri is missing or not registered."
        raise OAuthError("invalid_request", public, detail=error.detail) from None
    except SignetError as error:
        raise translate(error) from None
    lifetime = config.current().requests.pushed_lifetime
    handle = pushed_requests.store(client.client_id, pairs, expires_at=now + lifetime, now=now)
    told = {"request_uri": handle, "expires_in": int(lifetime.total_seconds())}
    answer = json_answer(told, status=_CREATED)
    answer.client_id = client.client_id
    return answer


def _source(client: Client, request: MachineRequest) -> Source:
    parameters: Parameters = request.parameters
    if parameters.get("request_uri") is not None:
        raise invalid_request("request_uri cannot be pushed.")
    value = parameters.get("request")
    if value is not None:
        return request_object.read(client, value, parameters, pushed=True, now=request.now)
    # That it is the authenticated one was checked with the authentication.
    if parameters.get("client_id") is None:
        raise invalid_request("client_id is missing.")
    return Source(parameters)


def _kept(source: Source) -> list[tuple[str, str]]:
    pairs = [pair for pair in source.parameters.pairs() if pair[0] not in _AUTHENTICATION]
    if sum(len(name) + len(value) for name, value in pairs) > _LONGEST:
        raise invalid_request("The request is too long.")
    return pairs
