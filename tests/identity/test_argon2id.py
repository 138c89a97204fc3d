"""Hashes are argon2-cffi's, checks are libsodium's: they must agree on every password."""

import subprocess
import sys
from itertools import product

import pytest
from argon2 import Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import UnavailableError
from app.identity import argon2id

SALT = bytes(range(16))
# A hash as cheap as both take it.
CHEAP = 8


def hashed(
    secret, *, salt=SALT, passes=1, memory=CHEAP, lanes=1, length=32, kind=Type.ID, version=19
):
    return hash_secret(secret, salt, passes, memory * lanes, lanes, length, kind, version).decode()


@pytest.fixture
def asked(monkeypatch):
    """Who computed: a list that libsodium adds to."""
    calls = []
    compute = argon2id.libsodium.crypto_pwhash_alg

    def noted(*arguments):
        calls.append(arguments)
        return compute(*arguments)

    monkeypatch.setattr(argon2id.libsodium, "crypto_pwhash_alg", noted)
    return calls


@pytest.mark.spec("RFC 9106", "3")
@pytest.mark.parametrize(
    ("passes", "memory", "length"), list(product([1, 2, 5], [CHEAP, 100, 1025], [16, 32, 64]))
)
def test_libsodium_finds_what_argon2_cffi_made(asked, passes, memory, length):
    stored = hashed(b"right", passes=passes, memory=memory, length=length)
    assert argon2id.matches(stored, b"right")
    assert not argon2id.matches(stored, b"wrong")
    assert len(asked) == 2


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(min_size=16, max_size=16))
def test_they_agree_on_any_password(secret, other, salt):
    stored = hashed(secret, salt=salt)
    assert argon2id.matches(stored, secret)
    assert argon2id.matches(stored, other) is (other == secret)


@pytest.mark.parametrize(
    "different",
    [
        {"lanes": 2},
        {"salt": SALT[:8]},
        {"salt": SALT * 2},
        {"kind": Type.I},
        {"kind": Type.D},
        {"version": 16},
        {"length": 12},
    ],
    ids=str,
)
def test_what_libsodium_cannot_argon2_cffi_checks(asked, different):
    stored = hashed(b"right", **different)
    assert argon2id.matches(stored, b"right")
    assert not argon2id.matches(stored, b"wrong")
    assert not asked


@pytest.mark.parametrize("part", ["salt", "hash"])
def test_a_hash_that_was_changed_matches_nothing(part):
    stored = hashed(b"right")
    parts = stored.split("$")
    place = {"salt": 4, "hash": 5}[part]
    parts[place] = ("B" if parts[place][0] != "B" else "C") + parts[place][1:]
    assert not argon2id.matches("$".join(parts), b"right")


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "$argon2id$broken",
        "$argon2id$v=19$m=8,t=1,p=1$" + "A" * 22 + "$",
        "$argon2id$v=19$m=8,t=1,p=1$" + "*" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=7,t=1,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=8,t=0,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=-8,t=1,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=99999999999,t=1,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=8,t=99999999999,p=1$" + "A" * 22 + "$" + "A" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$" + "\u00e4" * 22 + "$" + "A" * 43,
    ],
)
def test_what_is_no_hash_is_told_apart_from_a_wrong_password(stored):
    with pytest.raises((InvalidHashError, VerificationError)):
        argon2id.matches(stored, b"any")


WITHOUT_MEMORY = """
import resource, sys
from argon2 import PasswordHasher
from app.core.errors import UnavailableError
from app.identity import argon2id
lanes = int(sys.argv[2])
stored = f"$argon2id$v=19$m=4194304,t=1,p={lanes}$" + "A" * 22 + "$" + "A" * 43
hasher = PasswordHasher(1, 4194304, lanes)
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
try:
    if sys.argv[1] == "check":
        argon2id.matches(stored, b"any")
    else:
        argon2id.hashed(hasher, b"any")
except UnavailableError as error:
    print(error.detail)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit is not kept")
@pytest.mark.parametrize(("work", "lanes"), [("check", 1), ("check", 2), ("hash", 1)])
def test_without_memory_it_is_no_verdict(work, lanes):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MEMORY, work, str(lanes)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "no memory for the hash of a password\n"


def test_what_libsodium_could_not_do_is_no_verdict(monkeypatch):
    def fails(*_):
        raise argon2id.LibsodiumError

    monkeypatch.setattr(argon2id.libsodium, "crypto_pwhash_alg", fails)
    with pytest.raises(UnavailableError):
        argon2id.matches(hashed(b"right"), b"right")
