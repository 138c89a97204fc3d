"""Which claims a scope releases, and in which form.

Specs:
    OpenID Connect Core 1.0 section 5.1      names and types of the standard claims
    OpenID Connect Core 1.0 section 5.3.2    what is empty is left out
    OpenID Connect Core 1.0 section 5.4      scope values that request claims
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.core import clock
from app.identity.users import Person

BY_SCOPE: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
        "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "roles": ("roles",),
}  # fmt: skip
SCOPES = ("openid", *BY_SCOPE, "offline_access")
SUPPORTED = ("sub", *(name for names in BY_SCOPE.values() for name in names))


def of(person: Person, *, scope: Collection[str]) -> dict[str, Any]:
    """Return the claims of ``person`` that ``scope`` releases, without ``sub``; what is unknown is absent."""
    known = _known(person)
    return {
        name: known[name]
        for released in BY_SCOPE
        if released in scope
        for name in BY_SCOPE[released]
        if known.get(name) not in (None, "", {})
    }


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
