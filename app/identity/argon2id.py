"""Argon2id hashes, checked by the faster of two libraries.

Specs:
    RFC 9106 section 3    Argon2id, version 0x13

A hash of one lane, which is what the settings ask for unless they are changed, is checked by libsodium: it finds out at
run time what the processor can do, takes three quarters of the time, and gives the memory back with each hash. Every
other one is argon2-cffi's, which also makes them all: the two agree on each password that is ever set.
"""

from binascii import a2b_base64
from collections.abc import Iterator
from contextlib import contextmanager
from hmac import compare_digest
from typing import Final

from argon2 import Parameters, PasswordHasher, Type, extract_parameters
from argon2.exceptions import (
    HashingError,
    InvalidHashError,
    VerificationError,
    VerifyMismatchError,
)
from argon2.low_level import ARGON2_VERSION, error_to_str
from nacl import bindings as libsodium
from nacl.exceptions import RuntimeError as LibsodiumError

from app.core.errors import UnavailableError

_KIBIBYTE: Final = 1024
# ARGON2_MEMORY_ALLOCATION_ERROR of argon2.h: argon2-cffi tells it in words alone.
_NO_MEMORY: Final = error_to_str(-22)
_LEAST_PASSES: Final = libsodium.crypto_pwhash_argon2id_OPSLIMIT_MIN
_MOST_PASSES: Final = libsodium.crypto_pwhash_argon2id_OPSLIMIT_MAX
_LEAST_MEMORY: Final = libsodium.crypto_pwhash_argon2id_MEMLIMIT_MIN
_MOST_MEMORY: Final = libsodium.crypto_pwhash_argon2id_MEMLIMIT_MAX
_any_cost: Final = PasswordHasher()


def hashed(hasher: PasswordHasher, secret: bytes) -> str:
    """Return the hash of ``secret`` with the parameters of ``hasher``, to be stored.

    Raises:
        UnavailableError: the system has no memory for a hash.
    """
    with _needing_memory():
        return hasher.hash(secret)


def matches(stored: str, secret: bytes) -> bool:
    """Tell whether ``stored``, as PasswordHasher writes it, is a hash of ``secret``.

    Raises:
        UnavailableError: the system has no memory for a hash.
        VerificationError, InvalidHashError: ``stored`` is no hash.
    """
    cost = extract_parameters(stored)
    if not _is_for_libsodium(cost):
        try:
            with _needing_memory():
                return _any_cost.verify(stored, secret)
        except VerifyMismatchError:
            return False
    salt, expected = map(_decoded, stored.split("$")[-2:])
    try:
        found = libsodium.crypto_pwhash_alg(
            len(expected), secret, salt, cost.time_cost, cost.memory_cost * _KIBIBYTE,
            libsodium.crypto_pwhash_ALG_ARGON2ID13,
        )  # fmt: skip
    except LibsodiumError:
        # All else that it refuses was looked at: this is no verdict on the password.
        raise _without_memory() from None
    return compare_digest(found, expected)


def _is_for_libsodium(cost: Parameters) -> bool:
    return (
        cost.type is Type.ID
        and cost.version == ARGON2_VERSION
        and cost.parallelism == 1
        and cost.salt_len == libsodium.crypto_pwhash_SALTBYTES
        and cost.hash_len >= libsodium.crypto_pwhash_BYTES_MIN
        and _LEAST_PASSES <= cost.time_cost <= _MOST_PASSES
        and _LEAST_MEMORY <= cost.memory_cost * _KIBIBYTE <= _MOST_MEMORY
    )


def _decoded(part: str) -> bytes:
    try:
        return a2b_base64(part + "=" * (-len(part) % 4), strict_mode=True)
    except ValueError:
        raise InvalidHashError from None


@contextmanager
def _needing_memory() -> Iterator[None]:
    try:
        yield
    except (HashingError, VerificationError) as error:
        if str(error) == _NO_MEMORY:
            raise _without_memory() from None
        raise


def _without_memory() -> UnavailableError:
    return UnavailableError(detail="no memory for the hash of a password")
