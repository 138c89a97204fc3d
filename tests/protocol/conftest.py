"""A provider for each test of the protocol: HTTP in, HTTP out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
