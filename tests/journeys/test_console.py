"""An administrator at work, in a real browser."""

import pytest

from tests.support import cast, flows

pytestmark = [pytest.mark.browser, pytest.mark.server]

SECTIONS = ("", "/users", "/clients", "/apis", "/sessions", "/keys", "/audit")


@pytest.fixture
def console(server, open_window):
    """A window in which an administrator has just signed in to the console."""
    admin = cast.person(server, name="Radia Perlman", roles=["admin"])
    with open_window(server) as window:
        window.go(server.url("/console"))
        assert window.path == "/login"
        window.sign_in(admin.username, admin.password)
        assert window.path == "/console"
        yield window


def _press(window, text):
    with window.page.expect_navigation():
        window.page.locator("main").get_by_role("button", name=text, exact=True).click()


def _follow(window, text):
    with window.page.expect_navigation():
        window.page.locator("main").get_by_role("link", name=text).first.click()


@pytest.mark.spec("ASVS 5.0", "8.2.1")
def test_the_console_is_closed_to_everybody_else(server, open_window):
    person = cast.person(server, roles=["editor"])
    with open_window(server) as window:
        window.go(server.url("/login"))
        window.sign_in(person.username, person.password)
        for section in SECTIONS:
            answer = window.go(server.url(f"/console{section}"))
            assert answer.status == 403
            assert window.by_id("error-reference").is_visible()


def test_every_section_opens_from_the_navigation(console):
    names = console.page.locator("nav.sections a")
    for number in range(names.count()):
        with console.page.expect_navigation():
            names.nth(number).click()
        assert console.page.locator("h1").is_visible()
        assert console.page.locator("nav.sections a[aria-current]").count() == 1


def test_an_administrator_adds_finds_disables_and_enables_a_person(server, console):
    console.go(server.url("/console/users"))
    _follow(console, "Add a person")
    username = cast.person(server).username + "-new"
    console.by_id("username").fill(username)
    console.by_id("email").fill(f"{username}@example.com")
    console.by_id("name").fill("Hedy Lamarr")
    console.press("form-submit")
    assert console.page.locator("h1").inner_text() == "Hedy Lamarr"

    console.go(server.url(f"/console/users?search={username}"))
    assert console.page.locator("tbody tr").count() == 1
    _follow(console, username)
    _press(console, "Disable")
    assert server.cli("users", "show", username)["disabled"] is True
    _press(console, "Enable")
    assert server.cli("users", "show", username)["disabled"] is False


def test_an_administrator_registers_an_application_that_works_with_the_secret_shown_once(
    server, console, relying_party, new_browser
):
    console.go(server.url("/console/clients/new"))
    console.by_id("client_name").fill("The Print Shop")
    console.by_id("redirect_uris").fill(relying_party.redirect_uri)
    console.press("form-submit")
    secret = console.by_id("secret").inner_text()
    server.secrets.add(secret)
    client_id = console.page.locator("dd").first.inner_text()

    _follow(console, "Edit")
    console.go(server.url(f"/console/clients/{client_id}"))
    assert console.by_id("secret").count() == 0
    application = cast.Application(
        client_id, secret, relying_party.redirect_uri, "client_secret_basic"
    )
    person = cast.person(server)
    assert flows.tokens_of(server, application, new_browser(), person)

    _press(console, "Replace secret at once")
    replaced = console.by_id("secret").inner_text()
    server.secrets.add(replaced)
    assert replaced != secret


def test_an_administrator_registers_an_api(server, console):
    console.go(server.url("/console/apis/new"))
    console.by_id("name").fill("Printing")
    identifier = f"https://print.example.test/{cast.person(server).username}"
    console.by_id("identifier").fill(identifier)
    console.by_id("scopes").fill("print:page Print a page for you\nprint:book")
    console.press("form-submit")

    shown = server.cli("apis", "show", identifier)
    assert shown["scopes"] == {"print:page": "Print a page for you", "print:book": ""}


def test_an_administrator_signs_somebody_out_everywhere(server, console, open_window):
    person = cast.person(server)
    with open_window(server) as window:
        window.go(server.url("/login"))
        window.sign_in(person.username, person.password)
        console.go(server.url(f"/console/users/{person.id}"))
        _press(console, "Sign out everywhere")

        window.go(server.url("/account"))
        assert window.path == "/login"
    console.go(server.url("/console/audit?search=user.revoked"))
    assert person.username in console.page.locator("tbody").inner_text()


def test_an_administrator_announces_the_next_keys(server, console):
    console.go(server.url("/console/keys"))
    _press(console, "Rotate")

    assert "announced" in console.page.locator("main").inner_text()
