"""One public key of somebody else as a JWK: its form, its strength, and what it may be used for.

Specs:
    RFC 7517 section 4                     the members of a JWK
    RFC 7518 sections 6.2.1, 6.3.1         numbers of EC and RSA keys
    RFC 8037 section 2                     OKP keys
    RFC 8725 section 3.5                   keys of sufficient strength
    ASVS 5.0 11.2.3                        at least 128 bits of security, RSA by what is in use

By structure alone, so that registering a key needs no cryptography; whether a point lies on its
curve shows when the key is parsed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.secrets import decode

MAX_KEYS = 20
MAX_BYTES = 65536
MAX_KID = 256
# A key that comes with one of these is no secret of its owner any more, or no public key.
SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192
_MIN_RSA_EXPONENT = 65537
# A larger one would make every verification as slow as a signature.
_MAX_RSA_EXPONENT = 2**64 - 1
_POINT_BYTES = 32
_MAX_TEXT = 64
_MAX_OPERATIONS = 8
_USES = (None, "sig", "enc")


class KeyRefusedError(ValueError):
    """The key cannot be used; the message says why and quotes nothing of it."""


@dataclass(frozen=True)
class PublicJwk:
    """What counts of a key. ``kind`` is RSA, or the name of the curve; ``members`` make the key."""

    kind: str
    members: Mapping[str, str]
    kid: str | None
    use: str | None
    operations: frozenset[str] | None
    algorithm: str | None


def has_secret(jwk: Any) -> bool:
    """Tell whether ``jwk`` gives away a private or symmetric key."""
    return isinstance(jwk, Mapping) and not SECRET_MEMBERS.isdisjoint(jwk)


def read(jwk: Any) -> PublicJwk:
    """Return what counts of ``jwk``.

    Raises:
        KeyRefusedError: it is no public key of a kind and strength that we use.
    """
    if not isinstance(jwk, Mapping):
        raise KeyRefusedError("a key is a JSON object")
    if has_secret(jwk):
        raise KeyRefusedError("a key holds private or symmetric parts")
    kind, members = _material(jwk)
    use = jwk.get("use")
    if use not in _USES:
        raise KeyRefusedError("the use of a key is sig or enc")
    return PublicJwk(
        kind=kind,
        members={"kty": jwk["kty"], **members},
        kid=_text(jwk, "kid", MAX_KID),
        use=use,
        operations=_operations(jwk.get("key_ops")),
        algorithm=_text(jwk, "alg", _MAX_TEXT),
    )


def _material(jwk: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    kty, curve = jwk.get("kty"), jwk.get("crv")
    if kty == "RSA":
        _check_rsa(_number(jwk, "n"), _number(jwk, "e"))
        return "RSA", {name: jwk[name] for name in ("n", "e")}
    coordinates: tuple[str, ...]
    match (kty, curve):
        case ("EC", "P-256"):
            coordinates = ("x", "y")
        case ("OKP", "Ed25519" | "X25519"):
            coordinates = ("x",)
        case _:
            raise KeyRefusedError("a key is RSA, or EC with P-256, or OKP with Ed25519 or X25519")
    for name in coordinates:
        if len(_bytes(jwk, name)) != _POINT_BYTES:
            raise KeyRefusedError(f"the {name} of a key on {curve} has {_POINT_BYTES} bytes")
    return str(curve), {name: jwk[name] for name in ("crv", *coordinates)}


def _check_rsa(modulus: int, exponent: int) -> None:
    if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS:
        raise KeyRefusedError(f"an RSA key has {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits")
    if not _MIN_RSA_EXPONENT <= exponent <= _MAX_RSA_EXPONENT:
        raise KeyRefusedError(
            f"the exponent of an RSA key is at least {_MIN_RSA_EXPONENT}, and below 2^64"
        )
    if not modulus % 2 or not exponent % 2:
        raise KeyRefusedError("modulus and exponent of an RSA key are odd")


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name), "big")


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    try:
        return decode(value if isinstance(value, str) else "*")
    except ValueError:
        raise KeyRefusedError(f"the {name} of a key is base64url without padding") from None


def _text(jwk: Mapping[str, Any], name: str, limit: int) -> str | None:
    value = jwk.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= limit or not value.isprintable():
        raise KeyRefusedError(f"the {name} of a key is a text of 1 to {limit} characters")
    return value


def _operations(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if (
        not isinstance(value, list | tuple)
        or len(value) > _MAX_OPERATIONS
        or not all(isinstance(each, str) and len(each) <= _MAX_TEXT for each in value)
    ):
        raise KeyRefusedError("the key_ops of a key are a list of texts")
    return frozenset(value)
