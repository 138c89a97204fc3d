"""Claim mappings: what of a person goes into tokens under which name, without code.

Specs:
    OpenID Connect Core 1.0 section 5.1.2    further claims
    RFC 7519 section 4                       names of claims; those of the protocol are not free

Operators alone set them, for a client or for an API. A source is ``claim:<attribute>``,
``user:username``, ``user:email`` or ``user:name``, ``roles``, ``roles:<prefix>``, ``groups`` or
``text:<constant>``. The id of a person is none: it would undo pairwise subjects.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core import claim_names
from app.core.errors import InvalidInputError

PLACES = ("id_token", "userinfo", "access_token")
_FIELD = "claim_mappings"
_MAX_ENTRIES = 32
_MAX_CONSTANT = 1024
_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")
_WHOLE = frozenset({"roles", "groups", "user:username", "user:email", "user:name"})
_MEMBERS = {"claim", "source", "in"}


@dataclass(frozen=True)
class ClaimMapping:
    """One claim, where its value is from, and the places that it goes into."""

    claim: str
    source: str
    places: tuple[str, ...]

    def entry(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        return {"claim": self.claim, "source": self.source, "in": list(self.places)}

    def line(self) -> str:
        """Return it as people write it, see ``entry_of``."""
        return f"{self.claim} = {self.source} in {' '.join(self.places)}"


def read(entries: Iterable[Mapping[str, Any]]) -> tuple[ClaimMapping, ...]:
    """Return stored entries as values."""
    return tuple(ClaimMapping(each["claim"], each["source"], tuple(each["in"])) for each in entries)


def entry_of(line: str) -> dict[str, Any]:
    """Return the entry that ``line`` writes: ``department = claim:department in id_token userinfo``.

    Raises:
        InvalidInputError: it is no such line; ``field`` is ``claim_mappings``. Whether its parts make
            sense is for ``checked`` to say.
    """
    claim, equals, rest = line.partition("=")
    source, within, places = rest.rpartition(" in ")
    if not equals or not within:
        raise _bad("A claim mapping is written CLAIM = SOURCE in PLACE ...")
    return {"claim": claim.strip(), "source": source.strip(), "in": places.split()}


def checked(entries: Sequence[Mapping[str, Any]]) -> tuple[ClaimMapping, ...]:
    """Return ``entries`` as values if each makes sense and no place gets a claim twice.

    Raises:
        InvalidInputError: one does not; ``field`` is ``claim_mappings``.
    """
    if not isinstance(entries, list | tuple) or len(entries) > _MAX_ENTRIES:
        raise _bad(f"Claim mappings are a list of at most {_MAX_ENTRIES}.")
    found = tuple(_mapping(entry) for entry in entries)
    taken = [(each.claim, place) for each in found for place in each.places]
    for pair in taken:
        if taken.count(pair) > 1:
            raise _bad(f"{pair[0]} is mapped twice in {pair[1]}.")
    return found


def _mapping(entry: Any) -> ClaimMapping:
    if not isinstance(entry, Mapping) or entry.keys() != _MEMBERS:
        raise _bad("A claim mapping has the members claim, source and in.")
    claim, source, places = entry["claim"], entry["source"], entry["in"]
    _check_claim(claim)
    _check_source(source)
    if (
        not isinstance(places, list | tuple)
        or not places
        or not all(isinstance(place, str) and place in PLACES for place in places)
    ):
        raise _bad(f"{claim}: in is a list of {', '.join(PLACES)}.")
    return ClaimMapping(claim, source, tuple(place for place in PLACES if place in places))


def _check_claim(claim: Any) -> None:
    if not isinstance(claim, str) or _NAME.fullmatch(claim) is None:
        raise _bad("The name of a claim has 1 to 128 visible ASCII characters.")
    if claim in claim_names.PROTOCOL:
        raise _bad(f"{claim}: this name has a meaning of its own and cannot be mapped.")
    if claim in claim_names.SCOPED:
        raise _bad(f"{claim}: a scope of OpenID Connect releases this claim, so it is not mapped.")


def _check_source(source: Any) -> None:
    kind, colon, rest = source.partition(":") if isinstance(source, str) else ("", "", "")
    if source in _WHOLE:
        return
    if kind == "text" and colon and len(rest) <= _MAX_CONSTANT and rest.isprintable() and rest:
        return
    if kind in {"claim", "roles"} and colon and _NAME.fullmatch(rest):
        return
    raise _bad(
        "The source of a claim is claim:<attribute>, user:username, user:email, user:name, roles, "
        "roles:<prefix>, groups or text:<constant>."
    )


def _bad(why: str) -> InvalidInputError:
    return InvalidInputError(why, field=_FIELD)
