"""What operators may map into tokens."""

import pytest

from app.clients.claim_mappings import ClaimMapping, checked, read
from app.core.errors import InvalidInputError


def entry(claim="department", source="claim:department", places=("id_token",)):
    return {"claim": claim, "source": source, "in": list(places)}


@pytest.mark.parametrize(
    "source",
    ["claim:x", "user:username", "user:email", "user:name", "roles", "roles:app-", "groups", "text:a b"],
)  # fmt: skip
def test_every_source_is_accepted_and_stored_as_it_was_given(source):
    found = checked([entry(source=source)])
    assert found == (ClaimMapping("department", source, ("id_token",)),)
    assert read([found[0].entry()]) == found


@pytest.mark.parametrize(
    "source", ["user:id", "user:password_hash", "claim:", "text:", "text:\n", "id", "roles:", 7, None]
)  # fmt: skip
def test_nothing_else_of_a_person_can_be_mapped(source):
    with pytest.raises(InvalidInputError):
        checked([entry(source=source)])


@pytest.mark.spec("RFC 9068", "2.2")
@pytest.mark.parametrize(
    "claim", ["iss", "sub", "aud", "exp", "cnf", "scope", "nonce", "sid", "email", "roles", "", "a b", 7]
)  # fmt: skip
def test_names_of_the_protocol_and_of_scopes_are_not_free(claim):
    with pytest.raises(InvalidInputError) as caught:
        checked([entry(claim=claim)])
    assert caught.value.field == "claim_mappings"


@pytest.mark.parametrize(
    "entries",
    [
        "x", {}, [7], [{}], [{**entry(), "also": 1}], [entry(places=())], [entry(places=("body",))],
        [entry(places=([],))], [entry(), entry(source="groups")], [entry(f"c{n}") for n in range(33)],
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(entries):
    with pytest.raises(InvalidInputError):
        checked(entries)


def test_one_claim_may_have_another_value_elsewhere():
    places = checked([entry(), entry(source="groups", places=("userinfo", "access_token"))])
    assert [each.places for each in places] == [("id_token",), ("userinfo", "access_token")]
