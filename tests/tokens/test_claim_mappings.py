"""Where the value of a mapped claim is from."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from app.clients.claim_mappings import PLACES, ClaimMapping
from app.identity.person import Person
from app.tokens import claim_mappings

AT = datetime(2030, 1, 2, tzinfo=UTC)
ADA = Person(
    id="1",
    username="ada",
    email="ada@example.com",
    email_verified=True,
    name="Ada Lovelace",
    claims={"floor": 0, "flag": False, "groups": ["a"], "tree": {"b": [1]}, "none": {}},
    roles=("app:", "app:reader", "boss"),
    disabled=False,
    created_at=AT,
    updated_at=AT,
)


def owner(*mappings: ClaimMapping) -> Any:
    return SimpleNamespace(claim_mappings=tuple(each.entry() for each in mappings))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("claim:floor", 0),
        ("claim:flag", False),
        ("claim:tree", {"b": [1]}),
        ("user:username", "ada"),
        ("user:email", "ada@example.com"),
        ("user:name", "Ada Lovelace"),
        ("roles", ["app:", "app:reader", "boss"]),
        ("roles:app:", ["reader"]),
        ("groups", ["a"]),
        ("text:a:b", "a:b"),
    ],
)
def test_each_source_has_its_value(source: str, value: Any) -> None:
    mapping = ClaimMapping("x", source, PLACES)
    assert claim_mappings.apply((mapping,), ADA, "userinfo") == {"x": value}


@pytest.mark.parametrize("source", ["claim:none", "claim:other", "roles:nobody:"])
def test_a_source_without_a_value_leaves_the_claim_to_the_next(source: str) -> None:
    mappings = (ClaimMapping("x", source, PLACES), ClaimMapping("x", "text:next", PLACES))
    assert claim_mappings.apply(mappings[:1], ADA, "userinfo") == {}
    assert claim_mappings.apply(mappings, ADA, "userinfo") == {"x": "next"}


def test_nothing_configured_is_nothing_at_all() -> None:
    assert claim_mappings.of(owner(), (owner(), owner())) == ()
    assert claim_mappings.about((), "nobody looks for them", "id_token") == {}


def test_the_preview_shows_each_place() -> None:
    client = owner(ClaimMapping("a", "user:username", ("id_token", "access_token")))
    api = owner(ClaimMapping("a", "text:api", PLACES), ClaimMapping("b", "groups", ("userinfo",)))
    assert claim_mappings.preview(ADA, client=client, apis=(api,)) == {
        "id_token": {"a": "ada"},
        "userinfo": {},
        "access_token": {"a": "api"},
    }
