"""client_secret_jwt and private_key_jwt: the client signs who it is, for us, for a moment, for once.

Specs:
    RFC 7521 sections 4.2, 5.2            the parameters, and what an assertion must say
    RFC 7523 section 3                    as a JWT
    RFC 8725 sections 3.1, 3.9, 3.11      one family of algorithms, audience, types
    OpenID Connect Core 1.0 section 9     both methods by name
    ASVS 5.0 9.1.1, 9.2.1-9.2.4, 10.4.10, 10.4.16

That it is used for the first time is looked up last of all: a jti that was remembered before the
signature was checked could be used up by anybody.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import secrets
from app.clients.registry import Client
from app.core import algorithm_names, config
from app.jose import foreign_jwt
from app.jose.foreign_jwt import HMAC, ForeignTokenInvalidError, Rules, Window
from app.protocol.client_authentication.presented import Presented
from app.protocol.errors import invalid_client
from app.throttle import replay
from app.tokens import client_keys

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MAX_CHARACTERS = 8192
# None: most libraries name no type. All others belong to tokens for another purpose.
_TYPES = (None, "client-authentication+jwt")
_MAX_ID = 256
_PURPOSE = "client-assertion"


def client_of(assertion: str | None, assertion_type: str | None) -> str:
    """Return the client that an assertion names; nothing of it is proved yet.

    Raises:
        OAuthError: invalid_client: it is none, is of another type, or names nobody.
    """
    if assertion is None or assertion_type != TYPE:
        raise invalid_client(detail="no client assertion of a type that we know")
    try:
        named = foreign_jwt.peek(assertion, max_characters=_MAX_CHARACTERS).claims.get("sub")
    except ForeignTokenInvalidError as error:
        raise invalid_client(detail=f"client assertion: {error.detail}") from None
    if not isinstance(named, str):
        raise invalid_client(detail="the client assertion names nobody")
    return named


def proves_by_key(client: Client | None, presented: Presented) -> bool:
    """Tell whether the assertion is signed by a key of the client's, for us, and new.

    Raises:
        ForeignTokenInvalidError: it is not; the detail says why.
        KeySetUnavailableError, KeySetInvalidError: there are no keys to tell by.
    """
    if client is None:
        return False
    algorithms = algorithm_names.spellings(client.token_endpoint_auth_signing_alg)
    rules = Rules(algorithms, _TYPES, _MAX_CHARACTERS)
    now = presented.request.now
    claims = client_keys.verify(client, presented.proof, rules, now=now)
    return _is_accepted(claims, client, presented)


def proves_by_secret(client: Client | None, presented: Presented) -> bool:
    """Tell whether the assertion is authenticated by a secret of the client's, for us, and new.

    Raises:
        ForeignTokenInvalidError: it is not; the detail says why.
    """
    if client is None:
        return False
    keys = secrets.hmac_keys(client, now=presented.request.now)
    rules = Rules((HMAC,), _TYPES, _MAX_CHARACTERS)
    claims = foreign_jwt.verify_with_secrets(presented.proof, keys, rules)
    return _is_accepted(claims, client, presented)


def _is_accepted(claims: Mapping[str, Any], client: Client, presented: Presented) -> bool:
    """Tell whether what is said and proved is meant for us, now and for the first time."""
    if not claims.get("iss") == claims.get("sub") == client.client_id:
        raise ForeignTokenInvalidError(detail="issuer and subject are not the client")
    # One text: what is addressed to others as well, the others could show us.
    if claims.get("aud") not in _audiences(presented.request.path):
        raise ForeignTokenInvalidError(detail="it is addressed to somebody else")
    settings = config.current()
    skew = settings.keys.clock_skew
    window = Window(skew=skew, longest=settings.client_authentication.assertion_lifetime)
    expires_at = foreign_jwt.check_times(claims, window, now=presented.request.now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_ID:
        raise ForeignTokenInvalidError(detail="its jti is no text of acceptable length")
    if replay.first_use(_PURPOSE, client.client_id, jti, until=expires_at + skew):
        return True
    _note_replay(client, now=presented.request.now)
    raise ForeignTokenInvalidError(detail="it was used before")


def _audiences(path: str) -> tuple[str, ...]:
    settings = config.current()
    issuer = settings.issuer
    if settings.client_authentication.assertion_audience == "issuer":
        return (issuer,)
    return (issuer, f"{issuer}/token", f"{issuer}{path}")


def _note_replay(client: Client, *, now: datetime) -> None:
    about = Subjects(client_id=client.client_id)
    events.record(Kind.CLIENT_ASSERTION_REPLAYED, now=now, outcome="refused", about=about)
