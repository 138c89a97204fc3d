"""Codes and refresh tokens as they travel: a grant's id, a generation, and a MAC that only we can make.

Specs:
    RFC 6749 section 10.10    nobody can guess one: the MAC has 256 bits
    RFC 9700 section 4.14     a refresh token cannot be made from the database
    RFC 8628 section 5.2      a device code has as many bits

The database holds neither token nor hash, so its thief can redeem nothing. The prefixes let secret scanners
find a token that leaked into a repository or a log.
"""

import struct

from app.core import root_key
from app.core.secrets import ID_BYTES, decode, encode

AUTHORIZATION_CODE_PREFIX = "sgc_"
DEVICE_CODE_PREFIX = "sgdc_"
REFRESH_TOKEN_PREFIX = "sgr_"  # noqa: S105 - a prefix, not a secret
_MAC_BYTES = 32
_GENERATION = struct.Struct(">I")
_CODE_LENGTH = len(AUTHORIZATION_CODE_PREFIX) + len(encode(bytes(ID_BYTES + _MAC_BYTES)))
_DEVICE_LENGTH = len(DEVICE_CODE_PREFIX) + len(encode(bytes(ID_BYTES + _MAC_BYTES)))
_REFRESH_LENGTH = len(REFRESH_TOKEN_PREFIX) + len(
    encode(bytes(ID_BYTES + _GENERATION.size + _MAC_BYTES))
)


def authorization_code(grant_id: str) -> str:
    """Return the one code of a grant."""
    body = decode(grant_id)
    mac = root_key.current().mac("authorization-code", body)
    return AUTHORIZATION_CODE_PREFIX + encode(body + mac)


def grant_of_code(code: str) -> str | None:
    """Return the grant that ``code`` names, or ``None`` unless we made it."""
    if len(code) != _CODE_LENGTH or not code.startswith(AUTHORIZATION_CODE_PREFIX):
        return None
    body = _genuine("authorization-code", code[len(AUTHORIZATION_CODE_PREFIX) :])
    return None if body is None else encode(body)


def device_code(device_id: str) -> str:
    """Return the one code that a waiting device polls with."""
    body = decode(device_id)
    return DEVICE_CODE_PREFIX + encode(body + root_key.current().mac("device-code", body))


def device_of_code(code: str) -> str | None:
    """Return the waiting device that ``code`` names, or ``None`` unless we made it."""
    if len(code) != _DEVICE_LENGTH or not code.startswith(DEVICE_CODE_PREFIX):
        return None
    body = _genuine("device-code", code[len(DEVICE_CODE_PREFIX) :])
    return None if body is None else encode(body)


def refresh_token(grant_id: str, generation: int) -> str:
    """Return the refresh token of one generation of a grant; the same for ever."""
    body = decode(grant_id) + _GENERATION.pack(generation)
    mac = root_key.current().mac("refresh-token", body)
    return REFRESH_TOKEN_PREFIX + encode(body + mac)


def grant_of_refresh_token(token: str) -> tuple[str, int] | None:
    """Return grant and generation that ``token`` names, or ``None`` unless we made it."""
    if len(token) != _REFRESH_LENGTH or not token.startswith(REFRESH_TOKEN_PREFIX):
        return None
    body = _genuine("refresh-token", token[len(REFRESH_TOKEN_PREFIX) :])
    if body is None:
        return None
    return encode(body[:ID_BYTES]), _GENERATION.unpack(body[ID_BYTES:])[0]


def _genuine(purpose: str, text: str) -> bytes | None:
    try:
        raw = decode(text)
    except ValueError:  # UnicodeEncodeError and binascii.Error are ValueErrors
        return None
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    return body if root_key.current().verify(purpose, body, mac) else None
