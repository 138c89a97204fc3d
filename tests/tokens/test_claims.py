"""Which scope releases what: agreement between the packages that know scopes."""

from app.clients import scopes
from app.tokens.claims import BY_SCOPE, SCOPES, SUPPORTED


def test_registry_and_tokens_know_the_same_scopes() -> None:
    assert set(scopes.STANDARD) == set(SCOPES)


def test_every_supported_claim_is_released_by_exactly_one_scope() -> None:
    released = [name for names in BY_SCOPE.values() for name in names]
    assert len(released) == len(set(released))
    assert set(SUPPORTED) == {"sub", *released}
