"""Passwords: hashed with Argon2id, checked at one cost, refused when they would be guessed.

Specs:
    RFC 9106 section 4          Argon2id
    ASVS 5.0 6.2.1, 6.2.5       length, no composition rules
    ASVS 5.0 6.2.8, 6.2.9       nothing trimmed or folded, long ones welcome
    ASVS 5.0 11.4.2             parameters
    NIST SP 800-63B 3.1.1.2     what a verifier accepts

A password is its UTF-8 bytes, exactly as sent: no trimming, no normalisation, no change of case.
Whether an account exists does not change what a check costs: where there is no hash a decoy is
checked instead.
"""

import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import structlog
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from app.core import config
from app.core.errors import InvalidInputError
from app.identity import argon2id, common_passwords
from app.identity.hash_slots import slot

_log = structlog.get_logger("signet.passwords")
LONGEST_BYTES = 1024
_SALT_BYTES = 16
_HASH_BYTES = 32
_ARGON2_VERSION = 19


@dataclass(frozen=True)
class Verdict:
    """Whether a password is right, and whether its hash has other parameters than today's."""

    ok: bool
    rehash: bool


def hash_password(password: str) -> str:
    """Return the Argon2id hash of ``password``, with its parameters and a new salt.

    Raises:
        UnavailableError: too many passwords are being hashed, or there is no memory for one more.
    """
    hasher, secret = _hasher(), _bytes_of(password)
    with slot() as elsewhere:
        return elsewhere(lambda: argon2id.hashed(hasher, secret))


def verify(stored: str | None, password: str) -> Verdict:
    """Check ``password`` against the hash ``stored``; ``None`` costs the same and is never right.

    Raises:
        UnavailableError: too many passwords are being hashed, or there is no memory for one more.
    """
    hasher, secret = _hasher(), _bytes_of(password)
    checked = stored if stored is not None else _decoy(hasher)
    with slot() as elsewhere:
        try:
            is_right = elsewhere(lambda: argon2id.matches(checked, secret))
        except (InvalidHashError, VerificationError):
            _log.exception("password_hash.unreadable")
            return Verdict(ok=False, rehash=False)
    ok = is_right and stored is not None
    return Verdict(ok=ok, rehash=ok and hasher.check_needs_rehash(checked))


def check_acceptable(password: str, *, minimum: int, context: Sequence[str]) -> None:
    """Refuse a password that is too short, too long, or among the first that anybody would try.

    ``minimum`` counts characters. ``context`` is what a guesser knows: user name, e-mail address,
    product name.

    Raises:
        InvalidInputError: with ``field`` ``password``.
    """
    if len(password) < minimum:
        raise _unacceptable(f"A password has at least {minimum} characters.")
    if len(_bytes_of(password)) > LONGEST_BYTES:
        raise _unacceptable(f"A password has at most {LONGEST_BYTES} bytes.")
    if common_passwords.is_guessable(password, context=context):
        raise _unacceptable("This password is among the first that would be guessed.")


def _unacceptable(why: str) -> InvalidInputError:
    return InvalidInputError(why, field="password")


def _bytes_of(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _hasher() -> PasswordHasher:
    settings = config.current().passwords
    return _hasher_of(
        settings.argon2_memory_kib, settings.argon2_time_cost, settings.argon2_parallelism
    )


@lru_cache(maxsize=8)
def _hasher_of(memory_kib: int, time_cost: int, parallelism: int) -> PasswordHasher:
    return PasswordHasher(
        memory_cost=memory_kib,
        time_cost=time_cost,
        parallelism=parallelism,
        hash_len=_HASH_BYTES,
        salt_len=_SALT_BYTES,
        type=Type.ID,
    )


@lru_cache(maxsize=8)
def _decoy(hasher: PasswordHasher) -> str:
    # Random bytes in the place of a hash: no password is known to give them, and none had to be
    # hashed.
    salt, digest = (
        b64encode(os.urandom(size)).rstrip(b"=").decode() for size in (_SALT_BYTES, _HASH_BYTES)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={_ARGON2_VERSION}${costs}${salt}${digest}"
