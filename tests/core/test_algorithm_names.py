"""The names of algorithms that a client may sign under."""

import pytest

from app.core.algorithm_names import ASYMMETRIC, spellings


@pytest.mark.spec("RFC 9864", "2.2")
@pytest.mark.parametrize("registered", ["EdDSA", "Ed25519"])
def test_one_algorithm_goes_by_both_of_its_names(registered: str) -> None:
    assert set(spellings(registered)) == {"EdDSA", "Ed25519"}


@pytest.mark.parametrize("registered", ["RS256", "ES256"])
def test_any_other_name_stands_for_itself_alone(registered: str) -> None:
    assert spellings(registered) == (registered,)


def test_who_registered_none_in_particular_may_use_any() -> None:
    assert spellings(None) == ASYMMETRIC
