"""Signing out, in a real browser."""

from urllib.parse import urlencode

import pytest

from tests.support import cast, flows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2"),
]


@pytest.fixture
def application(server, relying_party):
    return cast.application(
        server, relying_party.redirect_uri, "--skip-consent",
        "--post-logout-redirect-uri", relying_party.post_logout_redirect_uri,
    )  # fmt: skip


@pytest.fixture
def signed_in(server, relying_party, application):
    """Sign somebody new in through the application; return their ID token."""

    def through(window, person):
        request = flows.asked(server, application)
        window.go(request.url)
        window.sign_in(person.username, person.password)
        code = relying_party.next_arrival().parameters["code"]
        form = flows.redemption(application, request, code)
        return flows.token(server, application, form).json()["id_token"]

    return through


def _is_signed_in(server, window):
    window.go(server.url("/account"))
    return window.path == "/account"


def test_a_hint_for_this_very_session_needs_no_question(
    server, open_window, relying_party, application, signed_in
):
    with open_window(server) as window:
        hint = signed_in(window, cast.person(server))
        back = relying_party.post_logout_redirect_uri
        query = {"id_token_hint": hint, "post_logout_redirect_uri": back, "state": "s/1 &"}
        window.go(server.url(f"/end_session?{urlencode(query)}"))

        arrival = relying_party.next_arrival()
        assert arrival.path == "/signed-out"
        assert arrival.parameters == {"state": "s/1 &"}
        assert not _is_signed_in(server, window)


def test_without_a_hint_the_person_is_asked_and_may_stay(
    server, open_window, application, signed_in
):
    with open_window(server) as window:
        signed_in(window, cast.person(server))
        window.go(server.url("/end_session"))
        assert window.by_id("logout-confirm").is_visible()
        assert _is_signed_in(server, window)

        window.go(server.url("/end_session"))
        window.press("logout-confirm")
        assert "signed out" in window.page.locator("h1").inner_text()
        assert not _is_signed_in(server, window)


def test_an_application_that_proves_nothing_gets_a_question_and_a_link_instead_of_a_redirect(
    server, open_window, relying_party, application, signed_in
):
    with open_window(server) as window:
        signed_in(window, cast.person(server))
        back = relying_party.post_logout_redirect_uri
        query = {"client_id": application.client_id, "post_logout_redirect_uri": back}
        window.go(server.url(f"/end_session?{urlencode(query)}"))
        assert "The Reading Room" in window.page.locator("main").inner_text()
        window.press("logout-confirm")

        assert window.page.url.startswith(server.issuer)
        window.page.locator("main a", has_text="The Reading Room").click()
        assert relying_party.next_arrival().path == "/signed-out"


def test_a_hint_about_somebody_else_signs_nobody_out_unasked(
    server, open_window, application, signed_in
):
    with open_window(server) as theirs, open_window(server) as mine:
        foreign = signed_in(theirs, cast.person(server))
        signed_in(mine, cast.person(server))
        mine.go(server.url(f"/end_session?{urlencode({'id_token_hint': foreign})}"))

        assert mine.by_id("logout-confirm").is_visible()
        assert _is_signed_in(server, mine)
        assert _is_signed_in(server, theirs)


def test_an_address_that_is_not_registered_is_an_error_and_nobody_is_signed_out(
    server, open_window, relying_party, application, signed_in
):
    with open_window(server) as window:
        hint = signed_in(window, cast.person(server))
        elsewhere = f"{relying_party.origin}/elsewhere"
        query = {"id_token_hint": hint, "post_logout_redirect_uri": elsewhere}
        answer = window.go(server.url(f"/end_session?{urlencode(query)}"))

        assert answer.status == 400
        assert window.by_id("error-reference").is_visible()
        assert _is_signed_in(server, window)
        assert relying_party.arrivals.empty()


def test_the_link_in_the_head_of_every_page_signs_out(server, open_window):
    person = cast.person(server)
    with open_window(server) as window:
        window.go(server.url("/login"))
        window.sign_in(person.username, person.password)
        with window.page.expect_navigation():
            window.page.locator("header a", has_text="Sign out").click()
        window.press("logout-confirm")

        assert not _is_signed_in(server, window)
        assert server.cli("sessions", "list", "--user", person.username) == []
