"""A SQLite file that cannot be written: what only reads goes on, what writes is told to come back."""

import resource
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from tests.faults.refusals import (
    assert_constant_answers,
    assert_unavailable_page,
    assert_unavailable_to_a_machine,
)
from tests.support import databases, flows
from tests.support.plain_browser import PlainBrowser

pytestmark = [pytest.mark.server]

_BUSY = 1.0
_AT_MOST = _BUSY + 3.0
# Twice as many as there are threads.
_CROWD, _WAVES = 32, 2
# Above what the figures of a worker need in shared memory, which is no disk.
_FULL = 1 << 16


@pytest.fixture
def database():
    return databases.SQLITE


@pytest.fixture
def household(new_server, new_household):
    settled = new_household(new_server(SIGNET_DATABASE_BUSY_TIMEOUT=f"{_BUSY:.0f}s").start())
    yield settled
    assert settled.server.is_sound()
    settled.server.stop_after_faults()


@contextmanager
def _held(household, begin="BEGIN IMMEDIATE"):
    """Let another process hold the writer's lock."""
    with closing(
        sqlite3.connect(household.server.folder / "signet.sqlite3", isolation_level=None)
    ) as other:
        other.execute(begin)
        yield


@contextmanager
def _disk_full(household):
    """Let the workers append to no file: not to the database, and not to the log beside it."""
    server = household.server
    assert (server.folder / "signet.sqlite3-wal").stat().st_size > _FULL
    server.pad_log(_FULL)
    limits = {pid: resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in server.workers()}
    for pid, (_, hard) in limits.items():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL, hard))
    try:
        yield
    finally:
        for pid, limit in limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)


def _sign_in(browser, household):
    page = browser.open("/login")
    assert page.status == 200
    person = household.person
    return browser.submit(page, "login-submit", username=person.username, password=person.password)


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_locked_file_refuses_what_writes_and_lets_what_reads_go_on(household, begin):
    server, tokens, form = household.server, household.tokens(), household.code()
    browser = PlainBrowser(server.issuer)
    with _held(household, begin):
        assert_constant_answers(server)
        for ask in (
            lambda: household.refresh(tokens["refresh_token"]),
            lambda: household.send(form),
        ):
            assert_unavailable_to_a_machine(ask, within=_AT_MOST)
        began = time.monotonic()
        assert_unavailable_page(_sign_in(browser, household))
        assert time.monotonic() - began < _AT_MOST
        assert flows.userinfo(server, tokens["access_token"]).status_code == 200
        introspected = flows.post(
            server, "/introspect", household.application, {"token": tokens["access_token"]}
        )
        assert introspected.json()["active"] is True
        assert server.get("/healthz").status_code == 200

    # Nothing was spent, and nobody started anything anew.
    assert household.refresh(tokens["refresh_token"]).status_code == 200
    assert household.send(form).status_code == 200
    assert _sign_in(browser, household).url == server.url("/account")
    browser.close()


def test_more_writers_than_threads_before_a_locked_file_are_all_refused_in_time(household):
    server, tokens = household.server, household.tokens()
    with _held(household), ThreadPoolExecutor(_CROWD) as pool:
        began = time.monotonic()
        refused = [pool.submit(household.refresh, tokens["refresh_token"]) for _ in range(_CROWD)]
        assert_constant_answers(server, within=_WAVES * _AT_MOST)
        assert {each.result().status_code for each in refused} == {503}
        assert time.monotonic() - began < _WAVES * _AT_MOST
    assert household.refresh(tokens["refresh_token"]).status_code == 200


def test_a_full_disk_refuses_what_writes_and_harms_nothing(household):
    server, tokens, form = household.server, household.tokens(), household.code()
    browser = PlainBrowser(server.issuer)
    with _disk_full(household):
        assert_constant_answers(server)
        for ask in (
            lambda: household.refresh(tokens["refresh_token"]),
            lambda: household.send(form),
        ):
            assert_unavailable_to_a_machine(ask, within=_AT_MOST)
        assert_unavailable_page(_sign_in(browser, household))
        assert flows.userinfo(server, tokens["access_token"]).status_code == 200
        assert server.get("/healthz").status_code == 200

    assert household.refresh(tokens["refresh_token"]).status_code == 200
    assert household.send(form).status_code == 200
    assert _sign_in(browser, household).url == server.url("/account")
    browser.close()
