"""A provider for each test of the protocol: HTTP in, HTTP out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.clients.client import DEVICE_CODE
from app.identity.users import Person
from tests.support import provider as providers
from tests.support.provider import Provider


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    made = providers.create(tmp_path)
    yield made
    providers.dispose(made)


@pytest.fixture
def signed_up(provider: Provider) -> Provider:
    """A provider with one person and one confidential client that may do everything."""
    provider.user()
    provider.client()
    return provider


@pytest.fixture
def ada(provider: Provider) -> Person:
    return provider.user()


@pytest.fixture
def tv(provider: Provider, ada: Person) -> Provider:
    """A provider with Ada and a confidential client on a television."""
    assert ada.username == "ada"
    provider.client(
        "tv",
        client_name="Telly",
        grant_types=(DEVICE_CODE, "refresh_token"),
        redirect_uris=(),
        skip_consent=False,
    )
    return provider
