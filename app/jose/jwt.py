"""JWTs in compact form: the only place that signs one, and the only place that believes one.

Specs:
    RFC 7515 section 3.1, 4.1     compact serialisation, header parameters
    RFC 7519 section 4.1, 7.2     registered claims, validation
    RFC 8725 section 3            algorithm bound to the key, explicit typing, no key from the token

Only tokens of our own making are ever verified here, so whatever our signer would not write is
refused: another header member, another spelling of the same base64url, a fraction of a second.
"""

import json
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core import config
from app.core.errors import SignetError
from app.core.secrets import decode
from app.jose import signing_keys
from app.jose.algorithms import ALGORITHMS

_MAX_CHARACTERS = 16384
_MAX_HEADER_CHARACTERS = 512
_PARTS = 3
_HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
_MAX_REMEMBERED_HEADERS = 64

_encode_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_decode_json = json.JSONDecoder().decode
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# The protected header of a key and a typ never changes, so each is encoded once.
_headers: dict[tuple[str, str, str | None], bytes] = {}
# Read once as well, but only headers under which a signature of ours was found.
_proven_headers: dict[str, dict[str, Any]] = {}


class InvalidTokenError(SignetError):
    """The token proves nothing. Why stands in the detail, for the log alone."""

    public = "The token is not valid."


@dataclass(frozen=True)
class Verified:
    """What a genuine token says."""

    claims: Mapping[str, Any]
    header: Mapping[str, Any]


def sign(claims: Mapping[str, Any], *, algorithm: str, typ: str | None, now: datetime) -> str:
    """Return ``claims`` as a JWT in compact form, signed by the active key of ``algorithm``.

    Raises:
        NoSigningKeyError: no key may sign with ``algorithm`` now.
    """
    key = signing_keys.active(algorithm, now=now)
    header = _headers.get((key.kid, algorithm, typ)) or _header(key, typ)
    message = header + b"." + _base64url(_encode_json(claims).encode("ascii"))
    signature = ALGORITHMS[algorithm].sign(message, key.private)
    return (message + b"." + _base64url(signature)).decode("ascii")


def verify(
    token: str,
    *,
    typ: Sequence[str | None],
    now: datetime,
    issuer: str,
    allow_expired: bool = False,
) -> Verified:
    """Return what ``token`` says, if we signed it as one of the kinds ``typ`` and it is valid now.

    ``typ`` lists the accepted types, ``None`` for a token without one. ``allow_expired`` is for ID
    tokens that only say who is signing out (RP-Initiated Logout 1.0 section 2).

    Raises:
        InvalidTokenError: anything else, whatever was presented.
    """
    if not isinstance(token, str) or len(token) > _MAX_CHARACTERS or not token.isascii():
        raise InvalidTokenError(detail="not ASCII text of acceptable length")
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise InvalidTokenError(detail="not three parts")
    header = _header_of(parts[0], typ)
    found = signing_keys.verification_key(header["kid"], now=now, even_gone=allow_expired)
    if found is None:
        raise InvalidTokenError(detail="the key is not one of ours")
    algorithm, key = found
    if header["alg"] != algorithm:
        raise InvalidTokenError(detail="the algorithm is not that of the key")
    signed = token[: -len(parts[2]) - 1].encode("ascii")
    if not ALGORITHMS[algorithm].verify(signed, _bytes(parts[2]), key):
        raise InvalidTokenError(detail="the signature is not ours")
    if parts[0] not in _proven_headers:
        _remember(_proven_headers, parts[0], header)
    claims = _object(parts[1])
    _check_claims(claims, issuer=issuer, now=now, allow_expired=allow_expired)
    return Verified(claims, dict(header))


def _header_of(part: str, typ: Sequence[str | None]) -> dict[str, Any]:
    header = _proven_headers.get(part) or _read_header(part)
    if _media_type(header.get("typ")) not in [_media_type(each) for each in typ]:
        raise InvalidTokenError(detail="not a token of this kind")
    return header


def _read_header(part: str) -> dict[str, Any]:
    if len(part) > _MAX_HEADER_CHARACTERS:
        raise InvalidTokenError(detail="the header is too long")
    header = _object(part)
    if not header.keys() <= _HEADER_MEMBERS:
        # Among them crit, jku, jwk, x5u and x5c.
        raise InvalidTokenError(detail="the header has members that we do not write")
    if not isinstance(header.get("kid"), str) or not isinstance(header.get("alg"), str):
        raise InvalidTokenError(detail="the header has no kid or no alg")
    return header


def _check_claims(
    claims: dict[str, Any], *, issuer: str, now: datetime, allow_expired: bool
) -> None:
    if claims.get("iss") != issuer:
        raise InvalidTokenError(detail="another issuer")
    expires, issued = claims.get("exp"), claims.get("iat")
    begins = claims.get("nbf", issued)
    # A bool is an int to Python, but no date; so the exact type.
    if not (type(expires) is type(issued) is type(begins) is int):
        raise InvalidTokenError(detail="exp, iat or nbf is not a whole number of seconds")
    present = now.timestamp()
    latest = present + config.current().keys.clock_skew.total_seconds()
    if issued > latest or begins > latest:
        raise InvalidTokenError(detail="not valid yet")
    # Without leeway: we set exp ourselves, and clocks that differ are the concern of other readers.
    if expires <= present and not allow_expired:
        raise InvalidTokenError(detail="expired")


def _media_type(typ: Any) -> str | None:
    # RFC 7515 section 4.1.9: case does not count, and "application/" may be left out.
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else typ


def _bytes(part: str) -> bytes:
    try:
        return decode(part)
    except ValueError:
        raise InvalidTokenError(detail="not base64url") from None


def _object(part: str) -> dict[str, Any]:
    try:
        value = _decode_json(_bytes(part).decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidTokenError(detail="not JSON") from None
    if not isinstance(value, dict):
        raise InvalidTokenError(detail="not a JSON object")
    return value


def _header(key: signing_keys.SigningKey, typ: str | None) -> bytes:
    header = {"alg": key.algorithm, "kid": key.kid}
    if typ is not None:
        header["typ"] = typ
    encoded = _base64url(_encode_json(header).encode("ascii"))
    _remember(_headers, (key.kid, key.algorithm, typ), encoded)
    return encoded


def _remember(what: dict[Any, Any], name: Any, value: Any) -> None:
    if len(what) >= _MAX_REMEMBERED_HEADERS:
        what.clear()
    what[name] = value


def _base64url(raw: bytes) -> bytes:
    return b2a_base64(raw, newline=False).translate(_URL_SAFE).rstrip(b"=")
