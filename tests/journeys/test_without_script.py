"""The whole product works in a browser that runs no script."""

import pytest

from tests.support import cast, flows

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_a_sign_in_an_account_and_a_sign_out_work_without_script(
    server, open_window, relying_party
):
    application = cast.application(server, relying_party.redirect_uri)
    person = cast.person(server)
    with open_window(server, look="plain") as window:
        window.go(flows.asked(server, application).url)
        window.sign_in(person.username, "wrong")
        window.sign_in(person.username, person.password)
        window.press("consent-allow")
        assert "code" in relying_party.next_arrival().parameters

        window.go(server.url("/account"))
        assert "The Reading Room" in window.page.locator("main").inner_text()
        with window.page.expect_navigation():
            window.page.locator("button", has_text="Withdraw").click()
        assert "The Reading Room" not in window.page.locator("main").inner_text()

        window.go(server.url("/end_session"))
        window.press("logout-confirm")
        window.go(server.url("/account"))
        assert window.path == "/login"


def test_the_console_works_without_script(server, open_window):
    admin = cast.person(server, roles=["admin"])
    person = cast.person(server)
    with open_window(server, look="plain") as window:
        window.go(server.url("/console"))
        window.sign_in(admin.username, admin.password)
        window.go(server.url(f"/console/users/{person.id}"))
        with window.page.expect_navigation():
            window.page.get_by_role("button", name="Disable", exact=True).click()

        assert server.cli("users", "show", person.username)["disabled"] is True
