import json

import pytest

from app.core.errors import InvalidInputError
from app.identity import claims

GOOD = [
    ("given_name", "Ada"),
    ("website", "https://ada.example/"),
    ("birthdate", "1815-12-10"),
    ("birthdate", "0000-02-29"),
    ("birthdate", "1815"),
    ("zoneinfo", "Europe/London"),
    ("zoneinfo", "America/Argentina/Buenos_Aires"),
    ("locale", "en-GB"),
    ("locale", "en_GB"),
    ("phone_number", "+1 (604) 555-1234;ext=5678"),
    ("phone_number_verified", True),
    ("address", {"locality": "London", "country": "UK"}),
    ("department", ["sales", {"floor": 3}]),
    ("https://acme.example/level", 7),
    ("groups", ["a"]),
    ("flag", None),
]
BAD = [
    ("given_name", 7),
    ("given_name", " "),
    ("website", "javascript:alert(1)"),
    ("website", "https://"),
    ("picture", "//a.example/x"),
    ("birthdate", "10.12.1815"),
    ("birthdate", "1815-02-30"),
    ("birthdate", 1815),
    ("birthdate", "18151210"),
    ("zoneinfo", "../../etc/passwd"),
    ("locale", "english please"),
    ("phone_number", "call me"),
    ("phone_number_verified", "true"),
    ("phone_number_verified", 1),
    ("address", "London"),
    ("address", {}),
    ("address", {"planet": "Earth"}),
    ("address", {"country": 44}),
    ("level", float("nan")),
    ("level", 2**60),
    ("level", b"x"),
    ("level", "a\0"),
    ("level", "\ud800"),
    ("level", {1: 2}),
]


@pytest.mark.spec("OpenID Connect Core 1.0", "5.1")
@pytest.mark.parametrize(("name", "value"), GOOD)
def test_a_claim_of_its_type_is_accepted(name, value):
    assert claims.checked({name: value}) == {name: value}


@pytest.mark.spec("OpenID Connect Core 1.0", "5.1")
@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_claim_of_another_type_is_refused_by_its_name(name, value):
    with pytest.raises(InvalidInputError) as refused:
        claims.checked({name: value})
    assert refused.value.field == f"claims.{name}"


@pytest.mark.parametrize("name", sorted(claims.RESERVED))
def test_what_the_protocol_or_the_account_says_cannot_be_set(name):
    with pytest.raises(InvalidInputError):
        claims.checked({name: "x"})


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "caf\u00e9", 'a"b', "a\\b", "x" * 129])
def test_a_name_that_does_not_travel_well_is_refused(name):
    with pytest.raises(InvalidInputError):
        claims.checked({name: "x"})


def test_claims_too_large_for_a_token_are_refused():
    with pytest.raises(InvalidInputError):
        claims.checked({"a": "x" * 9000})


def test_claims_nested_without_end_are_refused():
    value = []
    for _ in range(100):
        value = [value]
    with pytest.raises(InvalidInputError):
        claims.checked({"a": value})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("birthdate", "1990", "1990"),
        ("nickname", "42", "42"),
        ("phone_number", "12345", "12345"),
        ("phone_number_verified", "true", True),
        ("address", '{"country": "UK"}', {"country": "UK"}),
        ("level", "7", 7),
        ("level", "seven", "seven"),
        ("tags", '["a"]', ["a"]),
        ("deep", "[" * 100_000, "[" * 100_000),
    ],
)
def test_text_becomes_what_the_operator_means(name, text, value):
    assert claims.parse(name, text) == value


def test_accepted_claims_are_json():
    assert json.loads(json.dumps(claims.checked(dict(GOOD)))) == dict(GOOD)
