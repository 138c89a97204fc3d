"""A test whose needs are absent is skipped with a reason, or fails where they were required."""

from types import SimpleNamespace

import pytest

from tests.support import requirements

REASON = "it is not installed"


@pytest.fixture
def item(monkeypatch):
    monkeypatch.setitem(requirements.MISSING, "browser", lambda: REASON)
    monkeypatch.delenv(requirements.REQUIRE_VARIABLE, raising=False)
    return SimpleNamespace(get_closest_marker=lambda name: name if name == "browser" else None)


def test_an_absent_need_skips_the_test_and_says_why(item):
    with pytest.raises(pytest.skip.Exception, match=REASON):
        requirements.pytest_runtest_setup(item)


def test_an_absent_need_fails_the_test_where_it_is_required(item, monkeypatch):
    monkeypatch.setenv(requirements.REQUIRE_VARIABLE, "postgresql, browser")
    with pytest.raises(pytest.fail.Exception, match=REASON):
        requirements.pytest_runtest_setup(item)


def test_a_need_that_is_met_lets_the_test_run(item, monkeypatch):
    monkeypatch.setitem(requirements.MISSING, "browser", lambda: None)
    requirements.pytest_runtest_setup(item)


def test_a_misspelt_requirement_stops_the_run(monkeypatch):
    monkeypatch.setenv(requirements.REQUIRE_VARIABLE, "browsers")
    with pytest.raises(pytest.UsageError, match="browsers"):
        requirements.pytest_configure()
