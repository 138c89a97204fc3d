"""JWTs that others signed: read strictly, and proved by keys that we already had.

Specs:
    RFC 7515 sections 3.1, 4, 5.2     compact serialisation, header parameters, validation
    RFC 7519 sections 4.1.4-4.1.6, 7.2   times and validation
    RFC 8725 section 3                the algorithm allowed beforehand, explicit types, no key from the token
    ASVS 5.0 9.1.1, 9.1.2, 9.1.3, 9.2.1, 9.2.2

Nothing that stands in a token is used to find the key that proves it, except the name of a key in a
set that was registered. A token proved here is genuine and no more: whom it is for, and whether it
was seen before, its reader has to check.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.errors import JoseError

from app.core import strict_json
from app.core.errors import SignetError
from app.core.secrets import decode, equal
from app.jose.algorithms import FOREIGN
from app.jose.foreign_keys import ForeignKeySet

HMAC = "HS256"
_MAX_CHARACTERS = 16384
_MAX_HEADER_CHARACTERS = 2048
_MAX_KID = 256
_PARTS = 3
_LEAST_SECRET_BYTES = 32
# Keys offered by the token itself, and changes to the very format. A certificate beside (x5c, x5t)
# is ignored: libraries add it.
_REFUSED = frozenset({"jwk", "jku", "x5u", "crit", "b64"})


class ForeignTokenInvalidError(SignetError):
    """The token proves nothing. Why stands in the detail, for the log alone."""

    public = "The token is not valid."


class NoMatchingKeyError(ForeignTokenInvalidError):
    """No key at hand proves the token; a newer key set of its signer may."""


@dataclass(frozen=True)
class Unproved:
    """What a token says about itself. Nothing in it may be believed."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """What one use accepts: these algorithms, these types (``None``: absent, or ``JWT``), this length.

    Raises:
        ValueError: no algorithm, an unknown one, or HMAC beside others: what is public to one
            family would be the secret of the other.
    """

    algorithms: tuple[str, ...]
    types: tuple[str | None, ...]
    max_characters: int = _MAX_CHARACTERS

    def __post_init__(self) -> None:
        if self.algorithms != (HMAC,) and not (
            self.algorithms and FOREIGN.keys() >= set(self.algorithms)
        ):
            raise ValueError("either HS256 alone, or signature algorithms that are done here")


@dataclass(frozen=True)
class Window:
    """When a token may be valid: ``longest`` from now, clocks apart by ``skew``.

    ``needs_nbf`` is the rule of FAPI: when its time began is said, and not longer ago than
    ``longest``.
    """

    skew: timedelta
    longest: timedelta
    needs_nbf: bool = False


@dataclass(frozen=True)
class _Parts:
    header: dict[str, Any]
    payload: str
    message: bytes
    signature: bytes


def peek(token: str, *, max_characters: int = _MAX_CHARACTERS) -> Unproved:
    """Return what ``token`` says, for finding out whose it claims to be. Proves nothing.

    Raises:
        ForeignTokenInvalidError: it does not have the form of a signed JWT.
    """
    parts = _split(token, max_characters)
    return Unproved(parts.header, _object(parts.payload, "the claims"))


def verify(token: str, keys: ForeignKeySet, rules: Rules) -> Mapping[str, Any]:
    """Return the claims of ``token`` if one of ``keys`` signed it.

    Raises:
        NoMatchingKeyError: none of them did.
        ForeignTokenInvalidError: it has not the form, type or algorithm that ``rules`` ask for.
        ValueError: the rules are those for secrets.
    """
    if HMAC in rules.algorithms:
        raise ValueError("a public key is no secret")
    parts = _accepted(token, rules)
    name = parts.header["alg"]
    for key in keys.signing(name, parts.header.get("kid")):
        try:
            if FOREIGN[name].verify(parts.message, parts.signature, key):
                return _object(parts.payload, "the claims")
        except (JoseError, ValueError):
            # The library has its own doubts about this key or signature; another key may still fit.
            continue
    raise NoMatchingKeyError(detail="no registered key made the signature")


def verify_with_secrets(token: str, secrets: Sequence[bytes], rules: Rules) -> Mapping[str, Any]:
    """Return the claims of ``token`` if one of ``secrets`` made its HMAC (HS256).

    A secret of fewer than 32 bytes proves nothing: it could be found by trying (RFC 7518 section
    3.2).

    Raises:
        NoMatchingKeyError: none of them did.
        ForeignTokenInvalidError: it has not the form, type or algorithm that ``rules`` ask for.
        ValueError: the rules are those for keys.
    """
    if rules.algorithms != (HMAC,):
        raise ValueError("a secret makes HS256 and nothing else")
    parts = _accepted(token, rules)
    genuine = False
    for secret in secrets:
        expected = hmac.digest(secret, parts.message, "sha256")
        genuine |= equal(expected, parts.signature) and len(secret) >= _LEAST_SECRET_BYTES
    if not genuine:
        raise NoMatchingKeyError(detail="no secret made the signature")
    return _object(parts.payload, "the claims")


def check_times(claims: Mapping[str, Any], window: Window, *, now: datetime) -> datetime:
    """Return when the token expires, if it is valid at ``now`` and no longer than ``window`` lets it.

    ``exp`` has no leeway. ``iat`` and ``nbf`` may be absent.

    Raises:
        ForeignTokenInvalidError: it is not, or its times are no whole seconds.
    """
    present, skew = now.timestamp(), window.skew.total_seconds()
    expires = _seconds(claims, "exp")
    if expires is None:
        raise ForeignTokenInvalidError(detail="it never expires")
    if expires <= present:
        raise ForeignTokenInvalidError(detail="it has expired")
    longest = window.longest.total_seconds() + skew
    if expires > present + longest:
        raise ForeignTokenInvalidError(detail="it is valid for too long")
    for name in ("iat", "nbf"):
        begins = _seconds(claims, name)
        if begins is not None and begins > present + skew:
            raise ForeignTokenInvalidError(detail=f"it is not valid yet by its {name}")
    if window.needs_nbf:
        begins = _seconds(claims, "nbf")
        if begins is None or begins < present - longest:
            raise ForeignTokenInvalidError(detail="its nbf is absent or too long ago")
    return datetime.fromtimestamp(expires, UTC)


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    if name not in claims:
        return None
    value = claims[name]
    # A bool is an int to Python, but no date; so the exact types. JavaScript writes whole floats.
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise ForeignTokenInvalidError(detail=f"{name} is not a whole number of seconds")
    return value


def _accepted(token: str, rules: Rules) -> _Parts:
    parts = _split(token, rules.max_characters)
    if parts.header["alg"] not in rules.algorithms:
        raise ForeignTokenInvalidError(detail="the algorithm is not allowed for this use")
    if _kind(parts.header.get("typ")) not in {_kind(each) for each in rules.types}:
        raise ForeignTokenInvalidError(detail="not a token of this kind")
    return parts


def _kind(typ: str | None) -> str:
    # RFC 7515 section 4.1.9: case does not count, and "application/" may be left out.
    return "jwt" if typ is None else typ.lower().removeprefix("application/")


def _split(token: str, max_characters: int) -> _Parts:
    if not isinstance(token, str) or len(token) > max_characters or not token.isascii():
        raise ForeignTokenInvalidError(detail="not ASCII text of acceptable length")
    parts = token.split(".")
    if len(parts) != _PARTS or not all(parts):
        raise ForeignTokenInvalidError(detail="not three parts")
    if len(parts[0]) > _MAX_HEADER_CHARACTERS:
        raise ForeignTokenInvalidError(detail="the header is too long")
    header = _object(parts[0], "the header")
    _check_header(header)
    message = token[: -len(parts[2]) - 1].encode("ascii")
    return _Parts(header, parts[1], message, _bytes(parts[2], "the signature"))


def _check_header(header: dict[str, Any]) -> None:
    refused = sorted(_REFUSED & header.keys())
    if refused:
        raise ForeignTokenInvalidError(detail=f"the header holds {', '.join(refused)}")
    if not isinstance(header.get("alg"), str):
        raise ForeignTokenInvalidError(detail="the header has no alg")
    kid, typ = header.get("kid", ""), header.get("typ", "")
    if not isinstance(kid, str) or len(kid) > _MAX_KID or not isinstance(typ, str):
        raise ForeignTokenInvalidError(detail="kid or typ is not a text of acceptable length")


def _object(part: str, what: str) -> dict[str, Any]:
    try:
        value = strict_json.read(_bytes(part, what))
    except ValueError as error:
        # The message names a place or a rule, and quotes nothing of the token.
        raise ForeignTokenInvalidError(detail=f"{what}: {error}") from None
    if not isinstance(value, dict):
        raise ForeignTokenInvalidError(detail=f"{what} are not a JSON object")
    return value


def _bytes(part: str, what: str) -> bytes:
    try:
        return decode(part)
    except ValueError:
        raise ForeignTokenInvalidError(detail=f"{what}: not base64url") from None
