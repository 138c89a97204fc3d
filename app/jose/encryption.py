"""Encrypting what we signed, so that its recipient alone can read it.

Specs:
    RFC 7516 sections 3, 5.1, 7.1     JWE in compact form
    RFC 7518 sections 4.3, 4.6, 5.3   RSA-OAEP-256, ECDH-ES, AES-GCM
    RFC 7519 section 5.2, 11.2        cty of a nested JWT; signed first, then encrypted
    RFC 8725 section 3.6              nothing is compressed before it is encrypted

We encrypt and never decrypt: nothing that comes in may be encrypted.
"""

from joserfc import jwe
from joserfc.errors import JoseError

from app.core.algorithm_names import CONTENT_ENCRYPTION, ENCRYPTION
from app.jose.foreign_keys import ForeignKeySet, NoEncryptionKeyError

__all__ = ["NoEncryptionKeyError", "encrypt"]


def encrypt(
    content: str, keys: ForeignKeySet, *, algorithm: str, encryption: str, nested: bool = True
) -> str:
    """Return ``content`` encrypted for the first fitting of ``keys``, in compact form.

    ``content`` is a signed JWT, or, not ``nested``, the JSON text of the claims themselves.

    Raises:
        NoEncryptionKeyError: none of the keys fits, or nothing can be encrypted for the one that does.
        ValueError: ``algorithm`` or ``encryption`` is not one that we do.
    """
    if algorithm not in ENCRYPTION or encryption not in CONTENT_ENCRYPTION:
        raise ValueError(f"{algorithm} with {encryption} is not done here")
    found = keys.encryption(algorithm)
    if found is None:
        raise NoEncryptionKeyError(detail=f"no key for {algorithm}")
    key, kid = found
    header = {"alg": algorithm, "enc": encryption, "typ": "JWT"}
    if nested:
        header["cty"] = "JWT"
    if kid is not None:
        header["kid"] = kid
    try:
        return jwe.encrypt_compact(
            header, content.encode("utf-8"), key, algorithms=[algorithm, encryption]
        )
    except (JoseError, ValueError) as error:
        # ValueError: agreeing with a point of small order, which anybody could have agreed on.
        raise NoEncryptionKeyError(detail=type(error).__name__) from None
