"""An installation comes to life once, however many start it, and goes without losing a request."""

import http.client
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support import cast, flows
from tests.support.plain_browser import PlainBrowser

pytestmark = [pytest.mark.server]


def test_two_starts_on_an_empty_directory_make_one_installation(own_server, relying_party):
    settings = {"SIGNET_SIGNING_ALGORITHMS": "RS256 ES256"}
    first, second = own_server(**settings), own_server(**settings)

    first.launch()
    second.launch()
    first.wait_until_ready()
    second.wait_until_ready()

    assert len(list(first.folder.glob("keys/*.key"))) == 1
    keys = first.cli("keys", "list")
    assert sorted(key["algorithm"] for key in keys) == ["ES256", "RS256"]
    sets = [
        requests.get(server.url("/.well-known/jwks.json"), timeout=10).json()
        for server in (first, second)
    ]
    assert sets[0] == sets[1]
    # One of them registers, the other serves.
    resource = cast.api(first)
    application = cast.application(
        first, relying_party.redirect_uri, "--resource", resource,
        scope="orders:read", grant_types=("client_credentials",),
    )  # fmt: skip
    form = {"grant_type": "client_credentials", "scope": "orders:read"}
    assert flows.token(second, application, form).status_code == 200
    first.stop()
    second.stop()


def test_a_second_start_finds_everything_as_it_was(own_server, relying_party):
    server = own_server().start()
    person = cast.person(server)
    keys = requests.get(server.url("/.well-known/jwks.json"), timeout=10).json()
    server.stop()

    server.start()

    assert requests.get(server.url("/.well-known/jwks.json"), timeout=10).json() == keys
    assert [each["username"] for each in server.cli("users", "list")] == [person.username]
    server.stop()


def test_a_stop_answers_every_request_that_is_being_worked_on(own_server):
    # Each password takes a noticeable time, so that the signal finds all of them at work or waiting.
    # And nobody is sent away: all may meet in one worker, on a machine that does much else.
    server = own_server(
        SIGNET_ARGON2_TIME_COST="12", SIGNET_MAX_WAITING_HASHES="16", SIGNET_MAX_HASH_WAIT="30s"
    ).start()
    browsers = [PlainBrowser(server.issuer) for _ in range(8)]
    pages = [browser.open("/login") for browser in browsers]
    starting_line = threading.Barrier(len(browsers) + 1)

    def sign_in(browser, page):
        starting_line.wait()
        return browser.submit(page, "login-submit", username="nobody", password="wrong").status

    with ThreadPoolExecutor(len(browsers)) as pool:
        attempts = [pool.submit(sign_in, *each) for each in zip(browsers, pages, strict=True)]
        starting_line.wait()
        time.sleep(0.1)
        server.terminate()
        at_work = sum(not attempt.done() for attempt in attempts)
        statuses = {attempt.result() for attempt in attempts}
    for browser in browsers:
        browser.close()

    assert at_work > 0
    assert statuses <= {400, 429}
    assert server.wait_until_stopped() == 0
    assert not server.errors()


def test_a_stop_under_load_cuts_no_request_short(own_server):
    server = own_server().start()
    url = server.url("/.well-known/openid-configuration")
    stopping = threading.Event()
    answered: list[int] = []
    cut_short: list[str] = []

    def ask():
        while True:
            was_stopping = stopping.is_set()
            try:
                # A connection of its own each time: none can be reused after the listener is gone.
                answered.append(requests.get(url, timeout=10).status_code)
            except requests.ConnectionError as error:
                if (not was_stopping and not stopping.is_set()) or "refused" not in str(
                    error
                ).lower():
                    cut_short.append(str(error))
                return

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(ask)
        time.sleep(0.7)
        stopping.set()
        server.terminate()

    assert not cut_short
    assert set(answered) == {200}
    assert len(answered) > 20
    assert server.wait_until_stopped() == 0


def test_an_answer_on_a_connection_kept_open_does_not_wait_for_an_acknowledgement(sqlite_server):
    connection = http.client.HTTPConnection("127.0.0.1", sqlite_server.port, timeout=10)
    seconds = []
    for _ in range(21):
        began = time.perf_counter()
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
        seconds.append(time.perf_counter() - began)
    connection.close()

    # A kernel delays its acknowledgement by 40 ms; whoever waits for it needs that long each time.
    assert statistics.median(seconds) < 0.025


def test_a_taken_port_is_one_clear_line(own_server):
    server = own_server().start()

    done = server.run("serve", "--port", str(server.port))

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(server.port) in done.stderr
    server.stop()
