"""Signing in, in a real browser."""

import pytest

from tests.support import cast, flows

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def application(server, relying_party):
    return cast.application(server, relying_party.redirect_uri)


def test_a_wrong_password_says_nothing_and_the_right_one_leads_to_the_application(
    server, open_window, relying_party, application
):
    person = cast.person(server)
    request = flows.asked(server, application)
    with open_window(server) as window:
        window.go(request.url)
        assert window.path == "/login"
        window.sign_in(person.username, "not-the-password-at-all")
        message = window.by_id("form-summary").inner_text()
        window.sign_in(f"nobody-{person.username}", person.password)
        assert window.by_id("form-summary").inner_text() == message
        assert person.username not in message

        window.sign_in(person.email, person.password)
        assert window.path == "/consent"
        window.press("consent-allow")

        arrival = relying_party.next_arrival()
        assert window.page.url == arrival.url
        assert arrival.parameters["state"] == request.state
        assert arrival.parameters["iss"] == server.issuer
        form = flows.redemption(application, request, arrival.parameters["code"])
        assert flows.token(server, application, form).status_code == 200


def test_a_password_manager_finds_the_fields_by_their_names_and_purposes(server, open_window):
    with open_window(server) as window:
        window.go(server.url("/login"))

        username, password = window.by_id("username"), window.by_id("password")
        assert username.get_attribute("name") == "username"
        assert username.get_attribute("autocomplete") == "username"
        assert password.get_attribute("name") == "password"
        assert password.get_attribute("autocomplete") == "current-password"
        assert password.get_attribute("type") == "password"


def test_the_enter_key_signs_in_and_an_empty_form_is_not_sent_in_vain(server, open_window):
    person = cast.person(server)
    with open_window(server) as window:
        window.go(server.url("/login"))
        window.by_id("username").fill(person.username)
        window.by_id("password").fill(person.password)
        with window.page.expect_navigation():
            window.by_id("password").press("Enter")

        assert window.path == "/account"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_somebody_signed_in_passes_unasked_and_prompt_login_asks_for_the_password_again(
    server, open_window, relying_party, application
):
    person = cast.person(server)
    with open_window(server) as window:
        window.go(flows.asked(server, application).url)
        window.sign_in(person.username, person.password)
        window.press("consent-allow")
        relying_party.next_arrival()

        window.go(flows.asked(server, application).url)
        assert "code" in relying_party.next_arrival().parameters

        window.go(flows.asked(server, application, prompt="login").url)
        assert window.path == "/login"
        assert window.by_id("username").input_value() == person.username
        window.by_id("password").fill(person.password)
        window.press("login-submit")
        assert "code" in relying_party.next_arrival().parameters


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_prompt_none_never_shows_a_page(server, open_window, relying_party, application):
    person = cast.person(server)
    with open_window(server) as window:
        window.go(flows.asked(server, application, prompt="none").url)
        assert relying_party.next_arrival().parameters["error"] == "login_required"

        window.go(server.url("/login"))
        window.sign_in(person.username, person.password)
        window.go(flows.asked(server, application, prompt="none").url)
        assert relying_party.next_arrival().parameters["error"] == "consent_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_the_page_knows_the_name_and_the_language_that_the_application_hints_at(
    server, open_window, application
):
    hints = {"login_hint": "ada@example.com", "ui_locales": "de"}
    with open_window(server) as window:
        window.go(flows.asked(server, application, **hints).url)

        assert window.by_id("username").input_value() == "ada@example.com"
        assert window.page.locator("html").get_attribute("lang") == "de"


@pytest.mark.spec("RFC 6585", "4")
def test_guessing_slows_down_and_does_not_lock_the_owners_browser_out(server, open_window):
    person = cast.person(server)
    with open_window(server) as own, open_window(server) as strange:
        own.go(server.url("/login"))
        own.sign_in(person.username, person.password)
        strange.go(server.url("/login"))
        for _ in range(7):
            strange.sign_in(person.username, "a guess that is wrong")
            if strange.by_id("retry-after").count():
                break
        assert strange.by_id("retry-after").is_visible()

        own.go(server.url("/end_session"))
        own.press("logout-confirm")
        own.go(server.url("/login"))
        own.sign_in(person.username, person.password)
        assert own.path == "/account"


def test_a_sign_in_begun_in_one_browser_cannot_be_finished_in_another(
    server, open_window, application
):
    with open_window(server) as mine, open_window(server) as theirs:
        mine.go(flows.asked(server, application).url)
        answer = theirs.go(mine.page.url)

        assert answer.status == 400
        assert theirs.by_id("error-reference").is_visible()
        assert theirs.by_id("password").count() == 0
