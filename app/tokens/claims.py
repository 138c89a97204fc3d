"""Which claims a scope releases, or a request for single ones, and in which form.

Specs:
    OpenID Connect Core 1.0 section 5.1      names and types of the standard claims
    OpenID Connect Core 1.0 section 5.3.2    what is empty is left out
    OpenID Connect Core 1.0 section 5.4      scope values that request claims
    OpenID Connect Core 1.0 section 5.5      single claims, each in the place where it was asked for
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from app.core import claim_names, clock
from app.identity.users import Person

BY_SCOPE = claim_names.BY_SCOPE
SCOPES = ("openid", *BY_SCOPE, "offline_access")
SUPPORTED = ("sub", *(name for names in BY_SCOPE.values() for name in names))
OWNERS: Mapping[str, str] = {name: scope for scope, names in BY_SCOPE.items() for name in names}


def asked(stored: str | None, place: str, *, scopes: Collection[str]) -> tuple[str, ...]:
    """Return the claims that a grant was asked for with, for ``place``: userinfo or id_token.

    ``scopes`` are those that the client is registered for now: what it lost takes its claims along.
    """
    if stored is None:
        return ()
    return tuple(name for name in json.loads(stored).get(place, ()) if OWNERS.get(name) in scopes)


def of(
    person: Person, *, scope: Collection[str], requested: Collection[str] = ()
) -> dict[str, Any]:
    """Return the claims of ``person`` that ``scope`` releases, and single ones that were ``requested``.

    ``sub`` is not among them; what is unknown is absent.
    """
    known = _known(person)
    names = [name for released in BY_SCOPE if released in scope for name in BY_SCOPE[released]]
    names += [name for name in requested if name in OWNERS]
    return {name: known[name] for name in names if known.get(name) not in (None, "", {})}


def _known(person: Person) -> dict[str, Any]:
    # What the account itself holds comes last: no stored claim may stand in for it.
    known = dict(person.claims)
    known["name"] = person.name
    known["preferred_username"] = person.username
    known["updated_at"] = clock.epoch(person.updated_at)
    known["email"] = person.email
    known["email_verified"] = person.email_verified if person.email else None
    if not known.get("phone_number"):
        known.pop("phone_number_verified", None)
    known["roles"] = list(person.roles)
    return known
