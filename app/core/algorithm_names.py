"""The names of the algorithms that a client may use or ask for, in the order in which we publish them.

Specs:
    RFC 7518 sections 3.1, 4.1, 5.1   signatures, key management, content encryption
    RFC 8037 section 3                EdDSA and ECDH-ES on the curves of RFC 7748
    RFC 9864 section 2.2              Ed25519, the exact name of what EdDSA means here
    RFC 8725 section 3.2              only algorithms that are still good

Names alone: what registers them and what computes with them are two packages that do not know each
other.
"""

# Signatures that a client makes with a key of its own.
ASYMMETRIC = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
# How the key of an encrypted answer travels. ECDH-ES is direct: the agreed key encrypts the content.
ENCRYPTION = ("RSA-OAEP-256", "ECDH-ES")
CONTENT_ENCRYPTION = ("A128GCM", "A256GCM")

_ED25519 = ("EdDSA", "Ed25519")


def spellings(registered: str | None) -> tuple[str, ...]:
    """Return the names under which a client signs that ``registered`` one algorithm, or none in particular.

    EdDSA and Ed25519 name one algorithm here; which of them stands in a signature is the choice of
    the client's library, and changes with its version.
    """
    if registered is None:
        return ASYMMETRIC
    return _ED25519 if registered in _ED25519 else (registered,)
