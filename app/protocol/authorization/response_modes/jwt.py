"""response_mode=jwt, query.jwt, form_post.jwt: the answer is signed, errors included.

Specs:
    JARM 1.0 section 2.1    the claims
    JARM 1.0 section 2.2    signed with the algorithm that the client registered
    JARM 1.0 section 2.3    the modes: one parameter, ``response``, travels as its plain kin would

It names no subject, so it can pass neither for an ID token nor for a logout token.
"""

from dataclasses import replace
from datetime import datetime

from app.clients import registry
from app.core import clock, config
from app.core.errors import NotFoundError
from app.jose import jwt
from app.protocol.authorization.response import AuthorizationResponse

_TYPE = "JWT"


def secured(response: AuthorizationResponse, *, now: datetime) -> AuthorizationResponse:
    """Return ``response`` with all its parameters in one signed one.

    Raises:
        NoSigningKeyError: no key may sign with the client's algorithm now; nothing is told in clear instead.
        NotFoundError: the client was deleted a moment ago.
    """
    client = registry.get(response.client_id)
    if client is None:
        raise NotFoundError(detail=f"client {response.client_id} is gone")
    settings = config.current()
    claims = {
        **response.parameters,
        "iss": settings.issuer,
        "aud": client.client_id,
        "iat": clock.epoch(now),
        "exp": clock.epoch(now + settings.requests.response_lifetime),
    }
    signed = jwt.sign(
        claims, algorithm=client.authorization_signed_response_alg, typ=_TYPE, now=now
    )
    return replace(response, parameters={"response": signed})
