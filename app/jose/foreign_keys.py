"""The public keys of others: parsed, and chosen by what they are meant for.

Specs:
    RFC 7517 sections 4.2-4.5, 5      use, key_ops, alg, kid; a key not understood is left out
    RFC 7518 section 6                RSA and elliptic curve keys
    RFC 8037 section 2                Ed25519 and X25519
    RFC 8725 sections 3.1, 3.5        a key serves the algorithms of its kind alone, and is strong

A kid says which keys to try and proves nothing: two keys may share one, and a kid that is not there
means that the set is to be fetched again.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from app.core import public_jwk
from app.core.errors import SignetError
from app.core.public_jwk import KeyRefusedError, PublicJwk
from app.jose.algorithms import Key

_CLASSES: dict[str, type[Key]] = {
    "RSA": RSAKey,
    "P-256": ECKey,
    "Ed25519": OKPKey,
    "X25519": OKPKey,
}
_SIGN = {
    "RS256": ("RSA",),
    "PS256": ("RSA",),
    "ES256": ("P-256",),
    "EdDSA": ("Ed25519",),
    "Ed25519": ("Ed25519",),
}
_ENCRYPT = {"RSA-OAEP-256": ("RSA",), "ECDH-ES": ("P-256", "X25519")}
_ENCRYPTING = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})
# Two names of one algorithm, as long as EdDSA is done with Ed25519 alone.
_SAME = {"EdDSA": "Ed25519"}
# Verifying costs; a set of twenty keys without a kid must not cost twenty times as much.
_MAX_TRIES = 4
_MAX_REMEMBERED = 256


class NoEncryptionKeyError(SignetError):
    """The answer is not given, for it could only be given in clear."""

    public = "The client has no key to encrypt for."


class KeySetInvalidError(SignetError):
    """There is no key in the set that can be used."""

    public = "The key set holds no usable key."


@dataclass(frozen=True)
class ForeignKey:
    """One public key, and what its owner says about it."""

    key: Key
    about: PublicJwk

    def public_key_info(self) -> bytes:
        """Return its SubjectPublicKeyInfo in DER, as certificates hold it."""
        return self.key.as_der(private=False)

    def serves(self, algorithm: str, kinds: tuple[str, ...], use: str) -> bool:
        """Tell whether it is of one of ``kinds``, and its owner lets it be used so."""
        about = self.about
        own = about.algorithm
        return (
            about.kind in kinds
            and about.use in {None, use}
            and (own is None or _SAME.get(own, own) == _SAME.get(algorithm, algorithm))
        )


@dataclass(frozen=True)
class ForeignKeySet:
    """The usable keys of one owner, in the owner's order."""

    keys: tuple[ForeignKey, ...]

    def signing(self, algorithm: str, kid: str | None) -> tuple[Key, ...]:
        """Return the keys that may have signed with ``algorithm``, at most four.

        With a ``kid``, only the keys that bear it; none if there are none.
        """
        kinds = _SIGN.get(algorithm, ())
        fitting = (
            each.key
            for each in self.keys
            if each.serves(algorithm, kinds, "sig")
            and (kid is None or each.about.kid == kid)
            and (each.about.operations is None or "verify" in each.about.operations)
        )
        return tuple(key for key, _ in zip(fitting, range(_MAX_TRIES), strict=False))

    def encryption(self, algorithm: str) -> tuple[Key, str | None] | None:
        """Return the first key to encrypt for with ``algorithm`` and its kid, or ``None``."""
        kinds = _ENCRYPT.get(algorithm, ())
        for each in self.keys:
            operations = each.about.operations
            allowed = operations is None or not _ENCRYPTING.isdisjoint(operations)
            if allowed and each.serves(algorithm, kinds, "enc"):
                return each.key, each.about.kid
        return None


# Sets by the digest of their text, so that a client that signs often is parsed once.
_parsed: OrderedDict[bytes, ForeignKeySet] = OrderedDict()
_lock = Lock()


def parse(document: Mapping[str, Any]) -> ForeignKeySet:
    """Return the keys of a JWK Set; one that cannot be used is left out, like one never seen.

    Raises:
        KeySetInvalidError: it is no key set of acceptable size, or no key of it can be used.
    """
    try:
        text = json.dumps(document, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError):
        raise KeySetInvalidError(detail="not a JSON document") from None
    if len(text) > public_jwk.MAX_BYTES:
        raise KeySetInvalidError(detail="the document is too large")
    digest = sha256(text).digest()
    with _lock:
        known = _parsed.get(digest)
        if known is not None:
            _parsed.move_to_end(digest)
            return known
    found = _parse(document)
    with _lock:
        _parsed[digest] = found
        if len(_parsed) > _MAX_REMEMBERED:
            _parsed.popitem(last=False)
    return found


def _parse(document: Mapping[str, Any]) -> ForeignKeySet:
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list | tuple) or len(listed) > public_jwk.MAX_KEYS:
        raise KeySetInvalidError(detail=f"not a list of at most {public_jwk.MAX_KEYS} keys")
    keys = tuple(key for key in map(_key, listed) if key is not None)
    if not keys:
        raise KeySetInvalidError(detail="no key of it can be used")
    return ForeignKeySet(keys)


def _key(jwk: Any) -> ForeignKey | None:
    try:
        about = public_jwk.read(jwk)
        key = _CLASSES[about.kind].import_key(dict(about.members))
    # ValueError: also a point that is not on its curve.
    except (KeyRefusedError, JoseError, ValueError, UnsupportedAlgorithm):
        return None
    return ForeignKey(key, about)
