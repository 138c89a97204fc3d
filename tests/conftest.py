"""What every test finds prepared."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

pytest_plugins = ["tests.support.requirements"]


_configure = structlog.configure


def _uncached(**options: Any) -> None:
    _configure(**{**options, "cache_logger_on_first_use": False})


# A server configures logging once and for good; here applications that live longer than a test do it too.
structlog.configure = _uncached


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Let no test inherit the logging of another."""
    yield
    structlog.reset_defaults()
