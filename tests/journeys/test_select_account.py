"""Choosing an account, in a real browser."""

import pytest

from tests.support import cast, flows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1"),
]


@pytest.fixture
def application(server, relying_party):
    return cast.application(server, relying_party.redirect_uri, "--skip-consent")


def _subject(server, application, request, arrival):
    form = flows.redemption(application, request, arrival.parameters["code"])
    access_token = flows.token(server, application, form).json()["access_token"]
    return flows.userinfo(server, access_token).json()["sub"]


def test_somebody_goes_on_with_the_account_that_is_signed_in(
    server, open_window, relying_party, application
):
    person = cast.person(server)
    request = flows.asked(server, application, prompt="select_account")
    with open_window(server) as window:
        window.go(server.url("/login"))
        window.sign_in(person.username, person.password)
        window.go(request.url)
        assert window.path == "/select-account"
        assert person.email in window.page.locator("main").inner_text()
        window.press("account-continue")

        assert _subject(server, application, request, relying_party.next_arrival()) == person.id


def test_somebody_goes_on_with_another_account(server, open_window, relying_party, application):
    first, second = cast.person(server), cast.person(server, name="Grace Hopper")
    request = flows.asked(server, application, prompt="select_account")
    with open_window(server) as window:
        window.go(server.url("/login"))
        window.sign_in(first.username, first.password)
        window.go(request.url)
        window.press("account-other")
        assert window.path == "/login"
        assert window.by_id("username").is_editable()
        window.sign_in(second.username, second.password)

        assert _subject(server, application, request, relying_party.next_arrival()) == second.id
        assert server.cli("sessions", "list", "--user", first.username) == []


def test_nobody_is_asked_to_choose_right_after_signing_in(
    server, open_window, relying_party, application
):
    person = cast.person(server)
    with open_window(server) as window:
        window.go(flows.asked(server, application, prompt="select_account").url)
        window.sign_in(person.username, person.password)

        assert "code" in relying_party.next_arrival().parameters
