"""What a test may need beyond Python: Chromium, Node.js, PostgreSQL.

A test says so by a marker. Where the thing is absent the test is skipped with the reason, unless
``SIGNET_TEST_REQUIRE`` names it (``browser,node,postgresql``): then the test fails, so that a run
which is meant to be complete is never silently less.
"""

import importlib.util
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

NODE_PACKAGES = Path(__file__).parents[1] / "journeys" / "node" / "node_modules"
POSTGRESQL_URL_VARIABLE = "SIGNET_TEST_POSTGRESQL_URL"
REQUIRE_VARIABLE = "SIGNET_TEST_REQUIRE"


def chromium() -> str | None:
    """Return the path of the installed Chromium, or ``None``."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def node() -> str | None:
    """Return the path of Node.js, or ``None``."""
    return shutil.which("node") or shutil.which("nodejs")


def postgresql_url() -> str | None:
    """Return the SQLAlchemy URL of the PostgreSQL server that tests may use, or ``None``."""
    return os.environ.get(POSTGRESQL_URL_VARIABLE) or None


@cache
def _browser_missing() -> str | None:
    if chromium() is None:
        return "Chromium is not installed (Debian: apt install chromium)"
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed"
    return None


@cache
def _node_missing() -> str | None:
    if node() is None:
        return "Node.js is not installed (Debian: apt install nodejs npm)"
    if not NODE_PACKAGES.is_dir():
        return "the npm packages are not installed (npm ci in tests/journeys/node)"
    return None


@cache
def _postgresql_missing() -> str | None:
    url = postgresql_url()
    if url is None:
        return f"{POSTGRESQL_URL_VARIABLE} names no server"
    import psycopg

    try:
        psycopg.connect(
            url.replace("postgresql+psycopg:", "postgresql:", 1), connect_timeout=5
        ).close()
    except psycopg.OperationalError as error:
        return f"PostgreSQL does not answer: {error}"
    return None


MISSING: dict[str, Callable[[], str | None]] = {
    "browser": _browser_missing,
    "node": _node_missing,
    "postgresql": _postgresql_missing,
}


def required() -> frozenset[str]:
    """Return the needs that must be present in this run.

    Raises:
        pytest.UsageError: ``SIGNET_TEST_REQUIRE`` names something unknown.
    """
    names = os.environ.get(REQUIRE_VARIABLE, "").split(",")
    wanted = frozenset(name.strip() for name in names if name.strip())
    if unknown := wanted - set(MISSING):
        raise pytest.UsageError(
            f"{REQUIRE_VARIABLE} names {', '.join(sorted(unknown))}, which no test can need"
        )
    return wanted


def pytest_configure() -> None:
    """Refuse a misspelt requirement before any test runs."""
    required()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test whose needs are absent, before any fixture is made for it."""
    for need, missing in MISSING.items():
        if item.get_closest_marker(need) is None:
            continue
        reason = missing()
        if reason is None:
            continue
        if need in required():
            pytest.fail(f"{need} is required in this run: {reason}", pytrace=False)
        pytest.skip(reason)
