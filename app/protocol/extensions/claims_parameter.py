"""The claims parameter: claims asked for one by one, and how a sign-in must have been.

Specs:
    OpenID Connect Core 1.0 section 5.5        the parameter; what is not known in it is ignored
    OpenID Connect Core 1.0 section 5.5.1      essential, value, values
    OpenID Connect Core 1.0 section 5.5.1.1    an essential acr is a condition
    OpenID Connect Core 1.0 section 3.1.2.2    a sub with a value: this person or nobody

It is no way round registration or consent: a claim counts if the client is registered for the scope that owns
it, and the person is asked about that scope. Values steer nothing but sub and acr.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.clients.registry import Client
from app.core import strict_json
from app.protocol.errors import OAuthError, invalid_request
from app.protocol.parameters import Parameters
from app.tokens.claims import OWNERS

_PLACES = ("id_token", "userinfo")
_LONGEST = 3072
_LONGEST_VALUE = 255


@dataclass(frozen=True)
class ClaimsRequest:
    """What the parameter asks for.

    ``canonical`` is what the grant keeps of it, ``scope`` the scopes that own the claims and that the client is
    registered for, ``subject`` what the client calls the one person who may answer, ``essential_acr`` the
    authentication contexts of which one is a condition.
    """

    canonical: str | None = None
    scope: tuple[str, ...] = ()
    subject: str | None = None
    essential_acr: tuple[str, ...] = ()


NOTHING = ClaimsRequest()


def parse(client: Client, parameters: Parameters) -> ClaimsRequest:
    """Return what ``client`` asks for; without the scope openid the parameter means nothing.

    Raises:
        OAuthError: invalid_request: it is not what section 5.5 describes.
    """
    text = parameters.get("claims")
    if text is None or "openid" not in parameters.words("scope"):
        return NOTHING
    asked = _read(text)
    counted = {
        place: sorted(name for name in members if OWNERS.get(name) in client.scopes)
        for place, members in asked.items()
    }
    owners = {OWNERS[name] for names in counted.values() for name in names}
    return ClaimsRequest(
        canonical=_canonical(counted),
        scope=tuple(word for word in client.scope if word in owners),
        subject=_subject(asked["id_token"]),
        essential_acr=_essential_acr(asked["id_token"]),
    )


def _canonical(counted: Mapping[str, list[str]]) -> str | None:
    present = {place: dict.fromkeys(names) for place, names in counted.items() if names}
    return json.dumps(present, separators=(",", ":"), sort_keys=True) if present else None


def _read(text: str) -> dict[str, dict[str, Any]]:
    if len(text) > _LONGEST:
        raise _malformed("it is too long")
    try:
        document = strict_json.read(text)
    except ValueError:
        raise _malformed("it is no JSON, or ambiguous") from None
    if not isinstance(document, dict):
        raise _malformed("it is no JSON object")
    return {place: _members(place, document.get(place)) for place in _PLACES}


def _members(place: str, members: Any) -> dict[str, Any]:
    if members is None:
        return {}
    if not isinstance(members, dict):
        raise _malformed(f"{place} is no object")
    for wish in members.values():
        if wish is None:
            continue
        if not isinstance(wish, dict):
            raise _malformed(
                f"{place} asks for a claim by something that is neither null nor an object"
            )
        if not isinstance(wish.get("essential", False), bool):
            raise _malformed("essential is neither true nor false")
        if not isinstance(wish.get("values", []), list):
            raise _malformed("values is no array")
    return members


def _subject(members: Mapping[str, Any]) -> str | None:
    values = _values(members.get("sub"), "sub")
    if len(values) > 1:
        # Whoever signs in answers for one; a choice of people is no question that we ask.
        raise _malformed("sub has more than one value")
    return values[0] if values else None


def _essential_acr(members: Mapping[str, Any]) -> tuple[str, ...]:
    wish = members.get("acr")
    values = _values(wish, "acr")
    # A voluntary one is a wish, and the ID token tells the acr that was reached anyway.
    return values if wish and wish.get("essential") else ()


def _values(wish: Any, claim: str) -> tuple[str, ...]:
    """Return the values that ``claim`` may have; () if any will do."""
    if not wish or not wish.keys() & {"value", "values"}:
        return ()
    if {"value", "values"} <= wish.keys():
        raise _malformed(f"{claim} has both value and values")
    values = wish["values"] if "values" in wish else [wish["value"]]
    if not values or not all(_is_name(value) for value in values):
        raise _malformed(f"a value of {claim} is no text of visible ASCII characters")
    return tuple(dict.fromkeys(values))


def _is_name(value: Any) -> bool:
    is_short = isinstance(value, str) and 0 < len(value) <= _LONGEST_VALUE
    return is_short and value.isascii() and value.isprintable()


def _malformed(why: str) -> OAuthError:
    return invalid_request(f"The parameter claims cannot be used: {why}.")
