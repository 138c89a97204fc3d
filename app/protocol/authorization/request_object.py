"""Request objects: an authorization request that its client signed.

Specs:
    RFC 9101 sections 4, 5, 6               by value and by reference, and what is checked
    RFC 9101 sections 10.2, 10.5, 10.8      time, requiring one, and mistaking another JWT for one
    OpenID Connect Core 1.0 section 6       the older form, which parameters outside may complete
    RFC 8725 section 3                      the algorithm allowed beforehand, explicit types
    ASVS 5.0 9.1.1, 9.1.2, 9.1.3, 9.2.1-9.2.4

Nothing of an object counts before a registered key proved it. After that nothing outside counts, except in the
older form: there the object has no type, and the request outside is an OpenID request of its own.
"""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from app.clients.key_sets import KeySetUnavailableError
from app.clients.registry import Client
from app.core import algorithm_names, config, db, outbound
from app.core.outbound import OutboundRefusedError
from app.jose import foreign_jwt
from app.jose.foreign_jwt import ForeignTokenInvalidError, Rules, Window
from app.jose.foreign_keys import KeySetInvalidError
from app.protocol import public_rate
from app.protocol.authorization import request_object_members
from app.protocol.authorization.source import Source
from app.protocol.errors import OAuthError
from app.protocol.parameters import Parameters
from app.tokens import client_keys

TYPE = "oauth-authz-req+jwt"
_ACCEPT = f"application/{TYPE}, application/jwt"
_MAX_FETCHED = 64 * 1024
_PARTS_OF_JWE = 5
_UNPROVABLE = (ForeignTokenInvalidError, KeySetUnavailableError, KeySetInvalidError)


def read(
    client: Client, compact: str, outer: Parameters, *, pushed: bool = False, now: datetime
) -> Source:
    """Return what ``client`` signed; ``outer`` are the parameters beside it.

    ``pushed``: the client itself brought it, and everything is in the object.

    Raises:
        OAuthError: invalid_request_object: it did not sign this for us; request_not_supported.
    """
    requests = config.current().requests
    if not requests.request_objects:
        raise OAuthError("request_not_supported", "The parameter request is not supported.")
    claims, typed = _proved(client, compact, now)
    counts_alone = (
        typed
        or pushed
        or requests.require_signed
        or client.require_signed_request_object
        or "openid" not in outer.words("scope")
    )
    _check_parties(client, claims, counts_alone=counts_alone)
    _check_times(claims, must_end=counts_alone, now=now)
    _check_agrees(client, claims, outer, counts_alone=counts_alone)
    inner = request_object_members.parameters_of(claims)
    if not counts_alone:
        inner = request_object_members.completed(inner, outer)
    return Source(inner, is_signed=True)


def fetch(client: Client, uri: str, outer: Parameters, *, now: datetime) -> Source:
    """Return what ``client`` signed and keeps at ``uri``.

    Raises:
        OAuthError: as ``read``; invalid_request_uri: it is not registered or cannot be fetched;
            request_uri_not_supported.
        ThrottledError: the network asks for too many.
    """
    requests = config.current().requests
    if not (requests.request_objects and requests.request_uris):
        raise OAuthError("request_uri_not_supported", "The parameter request_uri is not supported.")
    # To the letter, the fragment included: nobody can send us to an address of their own.
    if uri not in client.request_uris:
        raise OAuthError("invalid_request_uri", "The request_uri is not registered.")
    public_rate.spend("request-uris", now=now)
    # The use counts whatever comes of it, and nobody waits for a stranger with a transaction open.
    db.release()
    return read(client, _fetched(uri), outer, now=now)


def _fetched(uri: str) -> str:
    try:
        answer = outbound.fetch(uri.partition("#")[0], accept=_ACCEPT, max_bytes=_MAX_FETCHED)
    except OutboundRefusedError as error:
        raise _unfetched(error.detail) from None
    if answer.status != HTTPStatus.OK:
        raise _unfetched(f"the answer has the status {answer.status}")
    try:
        return answer.body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise _unfetched("the answer is not ASCII") from None


def _unfetched(detail: str | None) -> OAuthError:
    return OAuthError("invalid_request_uri", "The request_uri could not be fetched.", detail=detail)


def _proved(client: Client, compact: str, now: datetime) -> tuple[Mapping[str, Any], bool]:
    """Return the claims that a key of ``client`` signed, and whether the header names them a request object."""
    if compact.count(".") == _PARTS_OF_JWE - 1:
        raise _invalid("Encrypted request objects are not supported.")
    rules = Rules(
        algorithms=algorithm_names.spellings(client.request_object_signing_alg), types=(None, TYPE)
    )
    try:
        claims = client_keys.verify(client, compact, rules, now=now)
        typ = foreign_jwt.peek(compact).header.get("typ")
    except _UNPROVABLE as error:
        detail = f"client {client.client_id}: {type(error).__name__}: {error.detail}"
        raise _invalid("The request object is not valid.", detail=detail) from None
    return claims, (typ or "").lower().removeprefix("application/") == TYPE


def _check_parties(client: Client, claims: Mapping[str, Any], *, counts_alone: bool) -> None:
    """Check from whom it is and for whom: as the older form has it, where they are named."""
    issuer = config.current().issuer
    expected = {"iss": (client.client_id,), "aud": (issuer, [issuer])}
    for name, values in expected.items():
        if (counts_alone or name in claims) and claims.get(name) not in values:
            raise _invalid(f"{name} of the request object is not right.")
    if claims.get("sub") == client.client_id:
        # RFC 9101 section 10.8: the object could serve as a client assertion.
        raise _invalid("sub of a request object must not be the client.")


def _check_times(claims: Mapping[str, Any], *, must_end: bool, now: datetime) -> None:
    settings = config.current()
    longest, skew = settings.requests.max_object_age, settings.keys.clock_skew
    if "exp" not in claims and not must_end:
        # The older form knows objects without an end; the other times count in any case.
        claims = {**claims, "exp": int(now.timestamp()) + 1}
    try:
        foreign_jwt.check_times(claims, Window(skew=skew, longest=longest), now=now)
    except ForeignTokenInvalidError as error:
        raise _invalid("The request object is not valid now.", detail=error.detail) from None
    oldest = (now - longest - skew).timestamp()
    # They are whole numbers: that was checked.
    if any(claims.get(name, oldest) < oldest for name in ("iat", "nbf")):
        raise _invalid("The request object is too old.")


def _check_agrees(
    client: Client, claims: Mapping[str, Any], outer: Parameters, *, counts_alone: bool
) -> None:
    absent = None if counts_alone else client.client_id
    if claims.get("client_id", absent) != client.client_id:
        raise _invalid("client_id of the request object is not right.")
    outside = outer.get("response_type")
    if outside is not None and claims.get("response_type", outside) != outside:
        raise _invalid("response_type of the request object is another than outside.")
    if not claims.keys().isdisjoint(("request", "request_uri")):
        raise _invalid("A request object must not hold request or request_uri.")


def _invalid(public: str, *, detail: str | None = None) -> OAuthError:
    return OAuthError("invalid_request_object", public, detail=detail)
