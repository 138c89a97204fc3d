import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import InvalidInputError
from app.identity import logins


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        ("\uff21\uff44\uff41", "ada"),
        ("STRASSE", "stra\u00dfe"),
        ("\u0130stanbul", "i\u0307stanbul"),
        ("\ufb01n", "FIN"),
        ("Jose\u0301", "jos\u00e9"),
        ("Ada@EXAMPLE.com", "ada@example.COM"),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        (" ada ", "ada"),
    ],
)
def test_two_spellings_are_one_login(one, other):
    assert logins.key_of(one) == logins.key_of(other) is not None


@pytest.mark.parametrize(
    "login", ["", " ", "a\0b", "\ud800", "a\nb", "a" * 1000, "not@an@address", "\u200b", "@"]
)
def test_what_nobody_can_be_called_has_no_key(login):
    assert logins.key_of(login) is None


def test_a_key_stays_itself():
    for text in ("\u1e9eTRASSE", "\u0390", "\u2126", "\u0345\u03b1"):
        assert logins.fold(logins.fold(text)) == logins.fold(text)


@pytest.mark.parametrize(
    "name", ["ada", "Ada Lovelace", "\u5c71\u7530", "a", "a.b-c_d+e", "x" * 128]
)
def test_a_good_user_name_is_kept_as_it_is(name):
    assert logins.username(name, email=None) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ada", "ada ", "x" * 129, "a\tb", "a\u200bb", "a\u202eb", "a\u3164b", "a\ufe0fb", "\ud800",
        "bob@example.com", "bob\uff20example.com", "0b7c9f1e-1111-4222-8333-444455556666",
    ],
)  # fmt: skip
def test_a_bad_user_name_is_refused(name):
    with pytest.raises(InvalidInputError) as refused:
        logins.username(name, email="ada@example.com")
    assert refused.value.field == "username"


def test_the_own_address_is_a_good_user_name():
    assert logins.username("Ada@Example.com", email="ada@example.com") == "Ada@Example.com"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Ada.L+x@EXAMPLE.com", "Ada.L+x@example.com"),
        ("ada@mail.corp.local", "ada@mail.corp.local"),
        ("ada@site.test", "ada@site.test"),
        ("ada@b\u00fccher.example", "ada@b\u00fccher.example"),
    ],
)
def test_an_address_is_stored_with_its_domain_in_lower_case(given, stored):
    assert logins.email(given) == stored


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@example.com", "ada@", "a b@example.com", "ada@example.com\n", "ada@[127.0.0.1]",
     "ada@exa mple.com", "ada@" + "x" * 300 + ".com", "a\0@example.com", "<ada@example.com>"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidInputError) as refused:
        logins.email(address)
    assert refused.value.field == "email"


_PROGRAM = """
import sys
import app.identity.users, app.identity.authentication
from app.identity import logins
assert logins.key_of("ada") == "ada"
assert "email_validator" not in sys.modules
assert logins.email("ada@site.test") == logins.email("ada@site.test")
assert "email_validator" in sys.modules
"""


def test_what_checks_addresses_is_loaded_with_the_first_address_and_not_before():
    # It takes longer to load than all else that people need together.
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", _PROGRAM], cwd=root, check=True)
