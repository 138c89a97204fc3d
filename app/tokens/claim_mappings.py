"""Claim mappings at work: what of a person goes into a token under which name.

Specs:
    OpenID Connect Core 1.0 section 5.1.2    further claims
    RFC 9068 section 2.2.3                   claims of access tokens

What an API is told, it says itself; what nobody says about it, the client says. Where two say different things
under one name the first that has a value is heard, in the order of the audience.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.clients.apis import Api
from app.clients.claim_mappings import PLACES, ClaimMapping, read
from app.clients.registry import Client
from app.core import claim_names
from app.identity import users
from app.identity.users import Person

_ACCESS_TOKEN = "access_token"  # noqa: S105 - a place, not a secret
# Refused when they are registered too; a list that grew since then still protects every token.
_NOT_TO_BE_SET = claim_names.PROTOCOL | claim_names.SCOPED


def of(client: Client, apis: Sequence[Api]) -> tuple[ClaimMapping, ...]:
    """Return the mappings that apply to what ``client`` gets, for ``apis`` where it is an access token."""
    if not client.claim_mappings and not any(api.claim_mappings for api in apis):
        return ()
    at_apis = (
        ClaimMapping(each.claim, each.source, (_ACCESS_TOKEN,))
        for api in apis
        for each in read(api.claim_mappings)
        if _ACCESS_TOKEN in each.places
    )
    return (*at_apis, *read(client.claim_mappings))


def apply(mappings: Sequence[ClaimMapping], person: Person | None, place: str) -> dict[str, Any]:
    """Return the claims that ``mappings`` put into ``place``; what the person has no value for is absent.

    Without a ``person`` a client acts for itself, and only constants have a value.
    """
    found: dict[str, Any] = {}
    for each in mappings:
        if place not in each.places or each.claim in found or each.claim in _NOT_TO_BE_SET:
            continue
        value = _value(each.source, person)
        if value not in (None, "", [], {}):
            found[each.claim] = value
    return found


def about(mappings: Sequence[ClaimMapping], user_id: str | None, place: str) -> dict[str, Any]:
    """Return what ``apply`` does for ``user_id``, who is looked up only if something goes into ``place``."""
    if not any(place in each.places for each in mappings):
        return {}
    return apply(mappings, None if user_id is None else users.get(user_id), place)


def preview(
    person: Person, *, client: Client, apis: Sequence[Api]
) -> Mapping[str, Mapping[str, Any]]:
    """Return what the mappings would put into each place for ``person``, with a token for all of ``apis``."""
    mappings = of(client, apis)
    return {place: apply(mappings, person, place) for place in PLACES}


def _value(source: str, person: Person | None) -> Any:
    kind, _, rest = source.partition(":")
    if kind == "text":
        return rest
    if person is None:
        return None
    match kind:
        case "claim":
            return person.claims.get(rest)
        case "user":
            return {"username": person.username, "email": person.email, "name": person.name}[rest]
        case "roles":
            named = (role.removeprefix(rest) for role in person.roles if role.startswith(rest))
            return [name for name in named if name]
        case _:
            groups = person.claims.get("groups")
            return groups if isinstance(groups, list) else None
