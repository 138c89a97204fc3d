"""The members of a request object as the parameters that they stand for.

Specs:
    RFC 9101 section 4                      names and values; what is no text there is a number or JSON
    OpenID Connect Core 1.0 section 6.1     what the object says wins over what stands outside
    RFC 8707 section 2                      ``resource``, once or several times

After this nobody can tell them from parameters of a query, and they are held to the same rules.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from app.protocol.errors import OAuthError
from app.protocol.parameters import Parameters

_MOST = 64
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# They speak of the JWT, not of the request.
_OF_THE_JWT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub", "typ"})
# Parameters whose text would be JSON; in an object they are JSON themselves.
_JSON = frozenset({"claims", "registration"})


def parameters_of(claims: Mapping[str, Any]) -> Parameters:
    """Return the parameters that proved ``claims`` stand for.

    Raises:
        OAuthError: invalid_request_object: a value is of a kind that no parameter has.
    """
    if len(claims) > _MOST:
        raise _invalid("The request object has too many members.")
    resources: tuple[str, ...] = ()
    values = {}
    for name, value in claims.items():
        if name in _OF_THE_JWT:
            continue
        if name == "resource":
            resources = _texts(value)
        elif text := _text(name, value):
            values[name] = text
    return Parameters(values, resources)


def completed(inner: Parameters, outer: Parameters) -> Parameters:
    """Return ``inner`` with what ``outer`` alone says."""
    beside = {
        name: value
        for name, value in outer.values.items()
        if name not in {"request", "request_uri"}
    }
    return Parameters({**beside, **inner.values}, inner.resources or outer.resources)


def _texts(value: Any) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in several):
        raise _invalid("resource of the request object is no text.")
    return tuple(dict.fromkeys(text for each in several if (text := _text("resource", each))))


def _text(name: str, value: Any) -> str:
    """Return ``value`` as the text of a parameter; an empty one counts as absent, as in a query."""
    if isinstance(value, dict) and name in _JSON:
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A bool is an int to Python, but no number of seconds; so the exact type.
    elif type(value) is int:
        value = str(value)
    if not isinstance(value, str):
        raise _invalid("A member of the request object has a value of the wrong kind.")
    if _CONTROL.search(value) or _CONTROL.search(name):
        raise _invalid("The request object holds a control character.")
    return value


def _invalid(public: str) -> OAuthError:
    return OAuthError("invalid_request_object", public)
