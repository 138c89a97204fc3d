"""The signing algorithms we offer, and the keys that fit them.

Specs:
    RFC 7518 section 3        RS256, PS256, ES256
    RFC 8037 section 3.1      EdDSA, here always with Ed25519
    RFC 8725 section 3.2      only algorithms that are still good
    RFC 8725 section 3.5      keys of sufficient entropy

``none`` and HMAC are not in the table, so no setting, client or token can bring them in.
"""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from app.core.errors import InvalidInputError

Key = RSAKey | ECKey | OKPKey

_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192
_MIN_RSA_EXPONENT = 65537


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: its name on the wire, the class of its keys, joserfc's implementation."""

    name: str
    key_class: type[Key]
    implementation: Any

    def sign(self, message: bytes, key: Key) -> bytes:
        """Return the signature of ``message``."""
        signature: bytes = self.implementation.sign(message, key)
        return signature

    def verify(self, message: bytes, signature: bytes, key: Key) -> bool:
        """Tell whether ``signature`` is that of ``message``; false for bytes of any shape."""
        genuine: bool = self.implementation.verify(message, signature, key)
        return genuine

    def generate(self, *, rsa_bits: int) -> Key:
        """Return a new private key."""
        if self.key_class is RSAKey:
            return RSAKey.generate_key(rsa_bits)
        if self.key_class is ECKey:
            return ECKey.generate_key("P-256")
        return OKPKey.generate_key("Ed25519")


# The table's entries are taken as they are: looking one up by joserfc's registry would check, on
# every signature, a header that only we write.
ALGORITHMS = {
    name: Algorithm(name, key_class, JWSRegistry.algorithms[name])
    for name, key_class in (
        ("RS256", RSAKey),
        ("PS256", RSAKey),
        ("ES256", ECKey),
        ("EdDSA", OKPKey),
    )
}

# What others may have signed with, who call EdDSA by its exact name too (RFC 9864 section 2.2). There is
# no HMAC here either: a key of this table is public, and a public key is nobody's secret.
FOREIGN = {**ALGORITHMS, "Ed25519": Algorithm("Ed25519", OKPKey, JWSRegistry.algorithms["Ed25519"])}


def to_der(key: Key) -> bytes:
    """Return the private ``key`` as PKCS#8 (DER, not encrypted)."""
    return key.as_der(private=True)


def from_der(der: bytes) -> Key:
    """Return the private key of our own PKCS#8 bytes."""
    return _wrapped(load_der_private_key(der, password=None))


def from_pem(pem: bytes, algorithm: Algorithm) -> Key:
    """Return the private key that an operator brings for ``algorithm``.

    Raises:
        InvalidInputError: it is not an unencrypted private key, not of this algorithm, or too weak.
    """
    try:
        raw = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The cause is not passed on: some of its messages quote what was read.
        raise InvalidInputError(
            "The file is not an unencrypted private key in PEM form.", field="pem"
        ) from None
    fits = _fits(raw)
    if algorithm.name not in fits:
        can = f"a key for {' or '.join(fits)}" if fits else "a key that no algorithm here uses"
        raise InvalidInputError(f"This is {can}, not for {algorithm.name}.", field="algorithm")
    if isinstance(raw, RSAPrivateKey):
        _check_strength(raw)
    return _wrapped(raw)


def public_key(algorithm: Algorithm, public_jwk: dict[str, Any]) -> Key:
    """Return the public key of a JWK; of its members only those that make the key count."""
    wanted = {"kty"} | {
        name for name, rule in algorithm.key_class.value_registry.items() if not rule.private
    }
    return algorithm.key_class.import_key(
        {name: value for name, value in public_jwk.items() if name in wanted}
    )


def thumbprint(key: Key) -> str:
    """Return the SHA-256 thumbprint of ``key`` (RFC 7638 section 3): that of its public half."""
    return key.thumbprint()


def public_jwk(key: Key, algorithm: Algorithm) -> dict[str, Any]:
    """Return what we publish of ``key`` (RFC 7517 section 4)."""
    members: dict[str, Any] = dict(key.as_dict(private=False))
    return {**members, "use": "sig", "alg": algorithm.name, "kid": thumbprint(key)}


def _fits(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, RSAPrivateKey):
        return ("RS256", "PS256")
    if isinstance(raw, EllipticCurvePrivateKey) and raw.curve.name == "secp256r1":
        return ("ES256",)
    if isinstance(raw, Ed25519PrivateKey):
        return ("EdDSA",)
    return ()


def _check_strength(raw: RSAPrivateKey) -> None:
    if not _MIN_RSA_BITS <= raw.key_size <= _MAX_RSA_BITS:
        raise InvalidInputError(
            f"An RSA key has {_MIN_RSA_BITS} to {_MAX_RSA_BITS} bits, this one {raw.key_size}.",
            field="pem",
        )
    if raw.public_key().public_numbers().e < _MIN_RSA_EXPONENT:
        raise InvalidInputError(
            f"The public exponent of an RSA key is at least {_MIN_RSA_EXPONENT}.", field="pem"
        )


def _wrapped(raw: Any) -> Key:
    if isinstance(raw, RSAPrivateKey):
        return RSAKey.import_key(raw)
    if isinstance(raw, EllipticCurvePrivateKey):
        return ECKey.import_key(raw)
    return OKPKey.import_key(raw)
