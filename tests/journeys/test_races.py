"""Races as races: many requests at one instant against a server of several worker processes."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support import cast, flows
from tests.support.plain_browser import PlainBrowser

pytestmark = [pytest.mark.server]

_AT_ONCE = 20


def _at_once(server, action: Callable[[requests.Session], requests.Response], times=_AT_ONCE):
    """Do ``action`` on many connections, open already, at the same instant."""
    starting_line = threading.Barrier(times)

    def run(_):
        with requests.Session() as session:
            session.get(server.url("/healthz"), timeout=30)
            starting_line.wait()
            response = action(session)
            return response.status_code, response.json()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


@pytest.fixture
def application(server, relying_party):
    return cast.application(server, relying_party.redirect_uri)


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_a_code_redeemed_by_twenty_at_once_yields_exactly_one_token_set(
    server, browser, application
):
    request = flows.asked(server, application, scope="openid offline_access")
    answer = flows.go_through(browser, request.url, cast.person(server)).answer
    form = flows.redemption(application, request, answer["code"])

    answers = _at_once(
        server, lambda session: flows.token(server, application, form, session=session)
    )

    assert Counter(status for status, _ in answers) == {200: 1, 400: _AT_ONCE - 1}
    refused = {body.get("error") for status, body in answers if status == 400}
    assert refused == {"invalid_grant"}


@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_tabs_that_consent_and_tabs_that_need_no_consent_do_not_wait_for_one_another_for_ever(
    server, browser, new_browser, application
):
    # Both hold the session and the consent until the grant is there; in two orders that would be a deadlock.
    flows.go_through(browser, flows.asked(server, application).url, cast.person(server))
    asking = [
        browser.open(flows.asked(server, application, prompt="consent").url)
        for _ in range(_AT_ONCE // 2)
    ]
    knowing = [flows.asked(server, application).url for _ in range(_AT_ONCE // 2)]
    starting_line = threading.Barrier(_AT_ONCE)

    def finish(what):
        tab = new_browser()
        tab.http.cookies.update(browser.http.cookies)
        tab.open("/healthz")
        starting_line.wait()
        return tab.open(what) if isinstance(what, str) else tab.submit(what, "consent-allow")

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        pages = list(pool.map(finish, [*asking, *knowing]))
    assert len({page.answer["code"] for page in pages}) == _AT_ONCE


@pytest.mark.spec("RFC 6749", "10.5")
def test_a_code_redeemed_again_ends_what_the_first_redemption_yielded(server, browser, application):
    request = flows.asked(server, application, scope="openid offline_access")
    answer = flows.go_through(browser, request.url, cast.person(server)).answer
    form = flows.redemption(application, request, answer["code"])
    tokens = flows.token(server, application, form).json()
    assert flows.userinfo(server, tokens["access_token"]).status_code == 200

    assert flows.token(server, application, form).json()["error"] == "invalid_grant"

    assert flows.userinfo(server, tokens["access_token"]).status_code == 401
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert flows.token(server, application, refresh).json()["error"] == "invalid_grant"


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_twenty_refreshing_with_one_token_get_one_successor_and_the_grant_lives_on(
    server, browser, application
):
    tokens = flows.tokens_of(
        server, application, browser, cast.person(server), scope="openid offline_access"
    )
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    answers = _at_once(
        server, lambda session: flows.token(server, application, form, session=session)
    )

    assert Counter(status for status, _ in answers) == {200: _AT_ONCE}
    successors = {body["refresh_token"] for _, body in answers}
    assert len(successors) == 1
    assert successors != {tokens["refresh_token"]}
    onward = {"grant_type": "refresh_token", "refresh_token": successors.pop()}
    assert flows.token(server, application, onward).status_code == 200


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_with_no_leeway_twenty_refreshing_with_one_token_never_get_two_token_sets(
    server, browser, relying_party
):
    strict = cast.application(
        server, relying_party.redirect_uri, "--refresh-token-reuse-leeway", "0"
    )
    tokens = flows.tokens_of(
        server, strict, browser, cast.person(server), scope="openid offline_access"
    )
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    answers = _at_once(server, lambda session: flows.token(server, strict, form, session=session))

    statuses = Counter(status for status, _ in answers)
    assert statuses[200] <= 1
    assert statuses[200] + statuses[400] == _AT_ONCE
    assert {body["error"] for status, body in answers if status == 400} == {"invalid_grant"}
    # The replays gave the theft away: nothing of this sign-in is left.
    for status, body in answers:
        if status == 200:
            onward = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
            assert flows.token(server, strict, onward).json()["error"] == "invalid_grant"
            assert flows.userinfo(server, body["access_token"]).status_code == 401


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_an_old_refresh_token_replayed_ends_the_grant_and_is_recorded(server, browser, application):
    person = cast.person(server)
    tokens = flows.tokens_of(server, application, browser, person, scope="openid offline_access")
    first = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    second = flows.token(server, application, first).json()
    onward = {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}
    third = flows.token(server, application, onward).json()

    # Two generations behind: no retry looks like this.
    assert flows.token(server, application, first).json()["error"] == "invalid_grant"

    assert flows.userinfo(server, third["access_token"]).status_code == 401
    latest = {"grant_type": "refresh_token", "refresh_token": third["refresh_token"]}
    assert flows.token(server, application, latest).json()["error"] == "invalid_grant"
    events = server.cli("audit", "tail", "--kind", "refresh_token.reused")
    assert any(event["user_id"] == person.id for event in events)


def test_one_person_signing_in_from_eight_browsers_at_once_comes_through_in_all(
    own_server,
):
    # All may meet in one worker, which has fewer places as it is shipped; and for no other reason is anybody sent away.
    server = own_server(SIGNET_MAX_WAITING_HASHES="16", SIGNET_MAX_HASH_WAIT="30s").start()
    person = cast.person(server)
    browsers = [PlainBrowser(server.issuer) for _ in range(8)]
    pages = [browser.open("/login") for browser in browsers]
    starting_line = threading.Barrier(len(browsers))

    def sign_in(browser, page):
        starting_line.wait()
        return browser.submit(
            page, "login-submit", username=person.username, password=person.password
        )

    with ThreadPoolExecutor(len(browsers)) as pool:
        ended = list(pool.map(sign_in, browsers, pages))

    assert [page.status for page in ended] == [200] * len(browsers)
    assert all(page.url == server.url("/account") for page in ended)
    assert len(server.cli("sessions", "list", "--user", person.username)) == len(browsers)
