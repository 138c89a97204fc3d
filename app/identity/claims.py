"""Claims about a person that the operator sets: the standard ones by type, others by any name.

Specs:
    OpenID Connect Core 1.0 section 5.1      standard claims and their types
    OpenID Connect Core 1.0 section 5.1.1    the members of address
    RFC 7519 section 4.1, RFC 9068 section 2.2    names with a meaning of their own in tokens

What the account itself holds (name, e-mail, roles) and what the protocol says is not a claim to set
here.
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from app.core import claim_names
from app.core.errors import InvalidInputError

# Beside what the protocol says, what the account itself holds.
RESERVED = claim_names.PROTOCOL | {
    "roles", "name", "email", "email_verified", "preferred_username", "updated_at", "username",
}  # fmt: skip

_TEXT = frozenset({"given_name", "family_name", "middle_name", "nickname", "gender"})
_URLS = frozenset({"profile", "picture", "website"})
_ADDRESS = frozenset({
    "formatted", "street_address", "locality", "region", "postal_code", "country",
})  # fmt: skip
_LONGEST_NAME = 128
_LARGEST = 8192
_DEEPEST = 8
_LARGEST_INTEGER = 2**53 - 1
_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{1,30}(;ext=[0-9]{1,10})?")
_YEAR = re.compile(r"\d{4}")
_UNKNOWN_YEAR = "0000-"


def checked(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``claims`` as a dictionary if every name is free to use and every value of its type.

    Raises:
        InvalidInputError: one is not; ``field`` is ``claims.<name>``.
    """
    for name, value in claims.items():
        _check_name(name)
        _check_json(name, value, depth=0)
        if (check := _STANDARD.get(name)) is not None and not check(value):
            raise _bad(name, _expectation(name))
    if len(json.dumps(dict(claims))) > _LARGEST:
        raise InvalidInputError(
            f"The claims of a person take up to {_LARGEST} characters as JSON.", field="claims"
        )
    return dict(claims)


def parse(name: str, text: str) -> Any:
    """Return the value that an operator means by ``text`` for the claim ``name``.

    A standard claim that is text stays text (``birthdate=1990``); anything else is JSON where it is
    JSON, and text where it is not.
    """
    if name in _STANDARD and name not in _STRUCTURED:
        return text
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(_: str) -> Any:
    # NaN and Infinity are no JSON, whatever Python says.
    raise ValueError("not JSON")


def _check_name(name: str) -> None:
    if name in RESERVED:
        raise _bad(name, "this name has a meaning of its own and cannot be set")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise InvalidInputError(
            f"The name of a claim is up to {_LONGEST_NAME} visible ASCII characters.",
            field="claims",
        )


def _check_json(name: str, value: Any, *, depth: int) -> None:
    if depth > _DEEPEST:
        raise _bad(name, "it is nested too deeply")
    if isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                raise _bad(name, "its members are named by text")
            _check_json(name, key, depth=depth + 1)
            _check_json(name, each, depth=depth + 1)
    elif isinstance(value, list):
        for each in value:
            _check_json(name, each, depth=depth + 1)
    elif (fault := _fault(value)) is not None:
        raise _bad(name, fault)


def _fault(value: Any) -> str | None:
    """Return what keeps a single value from being one of JSON, stored and read alike everywhere."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        is_exact = -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER
        return None if is_exact else "it is larger than readers of JSON agree on"
    if isinstance(value, float):
        return None if isfinite(value) else "it is not a number of JSON"
    if not isinstance(value, str):
        return "it is not a value of JSON"
    is_text = "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    return None if is_text else "it is not Unicode text, or holds a NUL character"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_url(value: Any) -> bool:
    if not isinstance(value, str) or not value.isascii() or " " in value or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_address(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and set(value) <= _ADDRESS
        and all(isinstance(member, str) for member in value.values())
    )


def _is_birthdate(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if _YEAR.fullmatch(value):
        return True
    # 0000 stands for a year left out; 2000 was a leap year, so that 29 February passes.
    written = value.replace(_UNKNOWN_YEAR, "2000-", 1) if value.startswith(_UNKNOWN_YEAR) else value
    try:
        return date.fromisoformat(written).isoformat() == written
    except ValueError:
        return False


def _is_like(pattern: re.Pattern[str]) -> Any:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


_STRUCTURED = frozenset({"address", "phone_number_verified"})
_STANDARD: Mapping[str, Any] = {
    **dict.fromkeys(_TEXT, _is_text),
    **dict.fromkeys(_URLS, _is_url),
    "birthdate": _is_birthdate,
    "zoneinfo": _is_like(_ZONE),
    "locale": _is_like(_LOCALE),
    "phone_number": _is_like(_PHONE),
    "phone_number_verified": _is_flag,
    "address": _is_address,
}
_EXPECTED = {
    "birthdate": "it is a date like 1990-12-31, 0000-12-31 or 1990",
    "zoneinfo": "it is the name of a time zone, like Europe/Berlin",
    "locale": "it is a language tag, like de-CH",
    "phone_number": "it is a telephone number, like +49 30 123456",
    "phone_number_verified": "it is true or false",
    "address": "it is an object with " + ", ".join(sorted(_ADDRESS)) + ", each of them text",
}


def _expectation(name: str) -> str:
    return _EXPECTED.get(name, "it is an http(s) URL" if name in _URLS else "it is text")


def _bad(name: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"Claim {name}: {why}.", field=f"claims.{name}")
