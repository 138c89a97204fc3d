"""A person's own pages, in a real browser."""

import pytest

from tests.support import cast, flows

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def person(server):
    return cast.person(server)


@pytest.fixture
def sign_in(server, person):
    def into(window, password=None):
        window.go(server.url("/login"))
        window.sign_in(person.username, password or person.password)

    return into


def _sessions(window):
    return window.page.locator("section", has=window.by_id("sessions")).locator("li")


@pytest.mark.spec("ASVS 5.0", "7.5.2")
def test_a_person_ends_one_session_elsewhere_and_then_the_one_here(server, open_window, sign_in):
    with open_window(server) as here, open_window(server, look="phone") as there:
        sign_in(here)
        sign_in(there)
        here.go(server.url("/account"))
        assert _sessions(here).count() == 2
        assert _sessions(here).locator(".badge-active").count() == 1

        others = _sessions(here).filter(has_not=here.page.locator(".badge-active"))
        with here.page.expect_navigation():
            others.locator("button").click()
        assert _sessions(here).count() == 1
        there.go(server.url("/account"))
        assert there.path == "/login"

        with here.page.expect_navigation():
            _sessions(here).locator("button").click()
        assert "signed out" in here.page.locator("h1").inner_text()
        here.go(server.url("/account"))
        assert here.path == "/login"


def test_a_person_takes_back_what_an_application_was_allowed(
    server, open_window, relying_party, person
):
    application = cast.application(server, relying_party.redirect_uri)
    request = flows.asked(server, application, scope="openid email offline_access")
    with open_window(server) as window:
        window.go(request.url)
        window.sign_in(person.username, person.password)
        window.press("consent-allow")
        code = relying_party.next_arrival().parameters["code"]
        form = flows.redemption(application, request, code)
        tokens = flows.token(server, application, form).json()

        window.go(server.url("/account"))
        connections = window.page.locator("section", has=window.by_id("connections"))
        assert "The Reading Room" in connections.inner_text()
        assert "See your email address" in connections.inner_text()
        with window.page.expect_navigation():
            connections.locator("button", has_text="Withdraw").click()

        assert "The Reading Room" not in connections.inner_text()
        assert flows.userinfo(server, tokens["access_token"]).status_code == 401
        window.go(flows.asked(server, application, scope="openid").url)
        assert window.path == "/consent"


@pytest.mark.spec("ASVS 5.0", "6.2.3")
def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(
    server, open_window, person, sign_in
):
    new = "harbour-lantern-violet-19"
    server.secrets.add(new)

    def change(window, old, first, second):
        window.by_id("current_password").fill(old)
        window.by_id("new_password").fill(first)
        window.by_id("new_password_again").fill(second)
        window.press("password-submit")

    with open_window(server) as here, open_window(server) as there:
        sign_in(here)
        sign_in(there)
        here.go(server.url("/account/password"))
        for old, first, second in (
            ("not the old one at all", new, new),
            (person.password, new, f"{new}x"),
            (person.password, "too short", "too short"),
        ):
            change(here, old, first, second)
            assert here.path == "/account/password"
            assert here.page.locator(".field-error").count() == 1
            assert here.by_id("new_password").input_value() == ""

        change(here, person.password, new, new)
        assert here.path == "/account"
        there.go(server.url("/account"))
        assert there.path == "/login"
        there.sign_in(person.username, person.password)
        assert there.path == "/login"
        there.sign_in(person.username, new)
        assert there.path == "/account"
