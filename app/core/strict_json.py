"""JSON from others, read so that no second reader can understand something else.

Specs:
    RFC 8259 section 4         names within an object should be unique
    RFC 7493 sections 2.1-2.3  UTF-8, no surrogates alone, numbers that exist, no name twice
    RFC 7515 section 4         a header with a name that comes twice is refused
    ASVS 5.0 1.5.3             one reading of one text

A parser that takes the first of two equal names and one that takes the last are both common; what
one of them checked, the other would use.
"""

import json
from math import isfinite
from typing import Any

_MAX_DEPTH = 10


def read(text: str | bytes, *, depth: int = _MAX_DEPTH) -> Any:
    """Return the value of ``text``, UTF-8 if it is bytes, nested at most ``depth`` deep.

    Raises:
        ValueError: it is not JSON, or such that two parsers could disagree about it.
    """
    try:
        value = _decode(text if isinstance(text, str) else text.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check(value, depth)
    return value


def _check(value: Any, depth: int) -> None:
    level = [value]
    while level:
        inner: list[Any] = []
        for each in level:
            if isinstance(each, str):
                # Raises UnicodeEncodeError, a ValueError, for half of a surrogate pair.
                each.encode("utf-8")
            elif isinstance(each, dict):
                inner += each.keys()
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        if depth < 0:
            raise ValueError("nested too deeply")
        depth -= 1
        level = inner


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _number(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError("a number is too large")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_constant
).decode
