"""A sign-out as the applications hear of it: from a real server, in a real browser."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from sqlalchemy import create_engine, update

from app.core.db import table_of
from app.models.clients import Client
from tests.support import cast, flows, logout_listener
from tests.support.browser import window as window_of
from tests.support.logout_listener import Listener

pytestmark = [pytest.mark.server]

SETTINGS = {"SIGNET_OUTBOUND_ALLOW": "127.0.0.0/8", "SIGNET_LOGOUT_DELIVERY_INTERVAL": "250ms"}


@pytest.fixture
def listener() -> Iterator[Listener]:
    with logout_listener.listening() as made:
        yield made


def _application(server, redirect_uri, *options, **addresses):
    made = cast.new_application(server, redirect_uri, "--skip-consent", *options)
    given = server.database.settings.get("SIGNET_DATABASE_URL")
    engine = create_engine(given or f"sqlite:///{server.folder / 'signet.sqlite3'}")
    columns = table_of(Client).c
    with engine.begin() as connection:
        changed = connection.execute(
            update(table_of(Client)).where(columns.client_id == made.client_id).values(addresses)
        )
        assert changed.rowcount == 1
    engine.dispose()
    return made


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.5")
def test_clients_are_told_by_whichever_process_though_one_is_down_at_first(
    own_server, new_browser_on, relying_party, listener
):
    server = own_server(**SETTINGS).start()
    uri = listener.uri("/back")
    application = _application(server, relying_party.redirect_uri, backchannel_logout_uri=uri)
    person, browser = cast.person(server), new_browser_on(server)
    flows.tokens_of(server, application, browser, person)
    page = browser.open(server.url("/end_session"))
    began = time.monotonic()
    browser.submit(page, "logout-confirm")
    [heard] = listener.wait_for(1)
    # At once, not after an interval.
    assert time.monotonic() - began < 5
    server.secrets.add(heard.token)

    # The command line has no thread that sends: a server finds what it left.
    flows.tokens_of(server, application, browser, person)
    [begun] = server.cli("sessions", "list", "--user", person.username)
    server.cli("sessions", "revoke", begun["id"])
    second = listener.wait_for(2)[1]
    assert second.token != heard.token
    end = time.monotonic() + 10
    while time.monotonic() < end:
        outcomes = [each["outcome"] for each in server.cli("sessions", "deliveries")]
        if outcomes == ["delivered", "delivered"]:
            break
        time.sleep(0.1)
    assert outcomes == ["delivered", "delivered"]
    assert server.cli("sessions", "deliveries", "--figures")["delivered"] == 2
    server.stop()


@pytest.mark.browser
@pytest.mark.spec("OpenID Connect Front-Channel Logout 1.0", "3")
@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "3")
@pytest.mark.parametrize("look", ["light", "plain"])
def test_the_browser_visits_every_client_and_then_goes_back(
    sqlite_server, open_window, relying_party, look
):
    server = sqlite_server
    front = f"{relying_party.origin}/front?keep=1"
    application = _application(
        server, relying_party.redirect_uri,
        "--post-logout-redirect-uri", relying_party.post_logout_redirect_uri,
        frontchannel_logout_uri=front,
    )  # fmt: skip
    person = cast.person(server)
    with open_window(server, look=look) as window:
        request = flows.asked(server, application)
        window.go(request.url)
        window.sign_in(person.username, person.password)
        code = relying_party.next_arrival().parameters["code"]
        form = flows.redemption(application, request, code)
        hint = flows.token(server, application, form).json()["id_token"]
        back = relying_party.post_logout_redirect_uri
        query = {"id_token_hint": hint, "post_logout_redirect_uri": back, "state": "s1"}
        page = server.url(f"/end_session?{urlencode(query)}")
        window.page.goto(page, wait_until="commit")

        told, returned = relying_party.next_arrival(), relying_party.next_arrival(within=20)
        assert told.path == "/front"
        assert told.parameters["keep"] == "1"
        assert told.parameters["iss"] == server.issuer
        assert told.parameters["sid"]
        assert returned.path == "/signed-out"
        assert returned.parameters == {"state": "s1"}
        window.page.wait_for_url(f"{back}?state=s1")


@pytest.mark.browser
@pytest.mark.spec("OpenID Connect Front-Channel Logout 1.0", "4.1")
def test_a_client_that_does_not_answer_keeps_nobody(
    sqlite_server,
    _chromium,  # noqa: PT019 - its value is the browser
    relying_party,
):
    server = sqlite_server
    with logout_listener.listening() as slow:
        slow.slow["/front"] = 30
        application = _application(
            server, relying_party.redirect_uri,
            "--post-logout-redirect-uri", relying_party.post_logout_redirect_uri,
            frontchannel_logout_uri=slow.uri("/front"),
        )  # fmt: skip
        person = cast.person(server)
        origins = (server.issuer, relying_party.origin, slow.origin)
        with window_of(_chromium, "light", origins=origins) as window:
            request = flows.asked(server, application)
            window.go(request.url)
            window.sign_in(person.username, person.password)
            code = relying_party.next_arrival().parameters["code"]
            form = flows.redemption(application, request, code)
            hint = flows.token(server, application, form).json()["id_token"]
            back = relying_party.post_logout_redirect_uri
            query = {"id_token_hint": hint, "post_logout_redirect_uri": back}
            page = server.url(f"/end_session?{urlencode(query)}")
            window.page.goto(page, wait_until="commit")
            assert relying_party.next_arrival(within=15).path == "/signed-out"
