"""PostgreSQL stopped, crashed or frozen: a clear refusal in bounded time, and recovery without a hand."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.refusals import (
    assert_constant_answers,
    assert_unavailable_page,
    assert_unavailable_to_a_machine,
)
from tests.support import flows
from tests.support.mortal_server import eventually
from tests.support.plain_browser import PlainBrowser

pytestmark = [pytest.mark.server, pytest.mark.postgresql]

_STOPPED_AT_MOST = 5.0
_FROZEN_AT_MOST = 10.0


class _Before:
    """What was there before the fault: a grant, a code, and somebody about to sign in."""

    def __init__(self, household):
        self.household = household
        self.tokens, self.form = household.tokens(), household.code()
        self.browser = PlainBrowser(household.server.issuer)
        self._page = self.browser.open("/login")

    def sign_in(self):
        person = self.household.person
        return self.browser.submit(
            self._page, "login-submit", username=person.username, password=person.password
        )


def _refused(before, *, within):
    """Expect all that needs the database to be refused, in its form and in time; the rest goes on."""
    household, tokens, form = before.household, before.tokens, before.form
    server, introspected = household.server, {"token": tokens["access_token"]}
    machines = (
        lambda: household.refresh(tokens["refresh_token"]),
        lambda: household.send(form),
        lambda: flows.post(server, "/introspect", household.application, introspected),
        lambda: flows.userinfo(server, tokens["access_token"]),
    )
    with ThreadPoolExecutor(len(machines) + 2) as pool:
        asked = [
            pool.submit(assert_unavailable_to_a_machine, ask, within=within) for ask in machines
        ]
        asked.append(pool.submit(_sign_in_is_refused, before, within=within))
        asked.append(pool.submit(_not_ready, server, within=within))
        time.sleep(0.2)
        assert_constant_answers(server)
        assert server.get("/healthz").status_code == 200
        for each in asked:
            each.result()


def _sign_in_is_refused(before, *, within):
    began = time.monotonic()
    assert_unavailable_page(before.sign_in())
    assert time.monotonic() - began < within


def _not_ready(server, *, within):
    began = time.monotonic()
    answer = server.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "failed"
    assert time.monotonic() - began < within


def _recovers(before):
    household = before.household
    eventually(lambda: household.server.get("/readyz").status_code == 200)
    assert household.refresh(before.tokens["refresh_token"]).status_code == 200
    assert household.send(before.form).status_code == 200
    assert before.sign_in().url == household.server.url("/account")
    before.browser.close()
    household.server.stop_after_faults()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_stopped_database_is_said_at_once_and_its_return_noticed(postgresql, mode):
    cluster, household = postgresql
    before = _Before(household)
    cluster.stop(mode=mode)
    try:
        _refused(before, within=_STOPPED_AT_MOST)
    finally:
        cluster.start()
    _recovers(before)


def test_a_frozen_database_is_waited_for_a_bounded_time(postgresql):
    cluster, household = postgresql
    before = _Before(household)
    cluster.freeze()
    try:
        _refused(before, within=_FROZEN_AT_MOST)
    finally:
        cluster.thaw()
    _recovers(before)
