"""Every page there is: accessible, no wider than its window, quiet, and a picture of it to look at."""

from urllib.parse import urlencode

import pytest

from tests.support import cast, flows
from tests.support.cast import EVERY_SCOPE

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.server]


class Album:
    """Judges and photographs one page after the other in one window."""

    def __init__(self, window, look):
        self.window, self._look = window, look

    def judge(self, name, url=None):
        if url is not None:
            self.window.go(url)
        self.window.assert_accessible()
        self.window.assert_fits()
        self.window.photograph(f"{name}-{self._look}")


@pytest.fixture(params=["light", "dark", "phone"])
def album(request, sqlite_server, open_window):
    with open_window(sqlite_server, look=request.param) as window:
        yield Album(window, request.param)


@pytest.fixture
def application(sqlite_server, relying_party):
    resource = cast.api(sqlite_server)
    return cast.application(
        sqlite_server, relying_party.redirect_uri, "--resource", resource,
        "--post-logout-redirect-uri", relying_party.post_logout_redirect_uri,
        "--client-uri", "https://rooms.example", "--policy-uri", "https://rooms.example/privacy",
        "--tos-uri", "https://rooms.example/terms", scope=f"{EVERY_SCOPE} orders:read orders:write",
    )  # fmt: skip


def test_the_pages_of_a_sign_in(sqlite_server, album, relying_party, application):
    server, window, person = sqlite_server, album.window, cast.person(sqlite_server)
    scope = f"{EVERY_SCOPE} orders:read orders:write"
    album.judge("login", flows.asked(server, application, scope=scope).url)
    window.sign_in(person.username, "a wrong password")
    album.judge("login-refused")
    window.sign_in(person.username, person.password)
    album.judge("consent")
    window.press("consent-allow")
    relying_party.next_arrival()
    album.judge("login-again", flows.asked(server, application, prompt="login").url)
    album.judge("select-account", flows.asked(server, application, prompt="select_account").url)
    album.judge("error", flows.asked(server, application, client_id="unknown").url)
    back = relying_party.post_logout_redirect_uri
    query = {"client_id": application.client_id, "post_logout_redirect_uri": back}
    album.judge("logout", server.url(f"/end_session?{urlencode(query)}"))
    window.press("logout-confirm")
    album.judge("signed-out")


def test_the_pages_of_an_account(sqlite_server, album, new_browser_on, application):
    server, window, person = sqlite_server, album.window, cast.person(sqlite_server)
    flows.tokens_of(server, application, new_browser_on(server), person, scope="openid email")
    window.go(server.url("/login"))
    window.sign_in(person.username, person.password)
    album.judge("account", server.url("/account"))
    album.judge("password", server.url("/account/password"))
    window.by_id("current_password").fill(person.password)
    window.by_id("new_password").fill("short")
    window.by_id("new_password_again").fill("different")
    window.press("password-submit")
    album.judge("password-refused")


def test_the_pages_of_the_console(sqlite_server, album, application):
    server, window = sqlite_server, album.window
    admin = cast.person(server, name="Radia Perlman", roles=["admin"])
    window.go(server.url("/login?next=/console"))
    window.sign_in(admin.username, admin.password)
    album.judge("console")
    for section in ("users", "clients", "apis", "sessions", "keys", "audit"):
        album.judge(f"console-{section}", server.url(f"/console/{section}"))
        first = window.page.locator("tbody a").first
        if section != "audit" and first.count():
            with window.page.expect_navigation():
                first.click()
            album.judge(f"console-{section}-one")
    for section in ("users", "clients", "apis"):
        album.judge(f"console-{section}-new", server.url(f"/console/{section}/new"))
    album.judge("console-client-edit", server.url(f"/console/clients/{application.client_id}/edit"))
    window.by_id("client_name").fill("")
    window.page.evaluate("document.querySelector('.console-form').noValidate = true")
    window.press("form-submit")
    album.judge("console-client-refused")
