"""Random values and their comparison: the only place that draws either.

Specs:
    RFC 6749 section 10.10    at least 128 bits where a value must not be guessed
    ASVS 5.0 11.2.4, 11.5.1   constant time, from the operating system's generator
"""

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import choice

ID_BYTES = 16
SECRET_BYTES = 32


def encode(raw: bytes) -> str:
    """Return ``raw`` as base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of canonical, unpadded base64url.

    Raises:
        ValueError: it is not the one canonical form; two spellings of one value would be two identities.
    """
    raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw


def new_id() -> str:
    """Return a new identifier: 128 random bits, 22 URL-safe characters.

    It begins with a letter or digit: with a hyphen, a command would take it for an option.
    """
    while not (made := encode(os.urandom(ID_BYTES)))[0].isalnum():
        pass
    return made


def new_secret() -> str:
    """Return a new secret: 256 random bits, 43 URL-safe characters."""
    return encode(os.urandom(SECRET_BYTES))


def new_letters(alphabet: str, length: int) -> str:
    """Return ``length`` letters of ``alphabet``, each drawn on its own, for a code that people type."""
    return "".join(choice(alphabet) for _ in range(length))


def equal(one: str | bytes, other: str | bytes) -> bool:
    """Compare in constant time; text is compared by its UTF-8 bytes, so any character is safe."""
    left = one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one
    right = other.encode("utf-8", "surrogatepass") if isinstance(other, str) else other
    return hmac.compare_digest(left, right)


def digest(secret: str) -> str:
    """Return the SHA-256 of a *random* secret, in hexadecimal. Never for passwords."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
