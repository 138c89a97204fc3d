"""Allowing and denying, in a real browser."""

import pytest

from tests.support import cast, flows

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def application(server, relying_party):
    resource = cast.api(server)
    return cast.application(
        server, relying_party.redirect_uri, "--resource", resource,
        "--policy-uri", "https://rooms.example/privacy", "--tos-uri", "https://rooms.example/terms",
        scope="openid profile email offline_access orders:read",
    )  # fmt: skip


@pytest.fixture
def arrived(server, open_window, application):
    """Open a window in which somebody has just signed in, for the scopes asked for."""
    person = cast.person(server)

    def sign_in(window, **parameters):
        window.go(flows.asked(server, application, **parameters).url)
        if window.path == "/login":
            window.sign_in(person.username, person.password)

    return sign_in


def test_the_page_says_who_asks_for_what_and_where_the_answer_goes(
    server, open_window, relying_party, arrived
):
    with open_window(server) as window:
        arrived(window, scope="openid email offline_access orders:read")

        assert window.path == "/consent"
        text = window.page.locator("main").inner_text()
        assert "The Reading Room" in text
        assert "See your email address" in text
        assert "See your orders" in text
        assert "See your profile" not in text
        assert relying_party.origin.removeprefix("http://") in text
        links = window.page.locator("main a[target=_blank]")
        assert {links.nth(n).get_attribute("href") for n in range(links.count())} == {
            "https://rooms.example/privacy", "https://rooms.example/terms",
        }  # fmt: skip


def test_what_was_allowed_is_not_asked_again_until_the_scopes_grow(
    server, open_window, relying_party, arrived
):
    with open_window(server) as window:
        arrived(window, scope="openid email")
        window.press("consent-allow")
        assert "code" in relying_party.next_arrival().parameters

        arrived(window, scope="openid email")
        assert "code" in relying_party.next_arrival().parameters
        arrived(window, scope="openid")
        assert "code" in relying_party.next_arrival().parameters

        arrived(window, scope="openid email profile")
        assert window.path == "/consent"
        badges = window.page.locator("li", has=window.page.locator(".badge-new"))
        assert badges.count() == 1
        assert "See your profile" in badges.inner_text()
        window.press("consent-allow")
        assert "code" in relying_party.next_arrival().parameters


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_prompt_consent_asks_again(server, open_window, relying_party, arrived):
    with open_window(server) as window:
        arrived(window)
        window.press("consent-allow")
        relying_party.next_arrival()

        arrived(window, prompt="consent")
        assert window.path == "/consent"
        window.press("consent-allow")
        assert "code" in relying_party.next_arrival().parameters


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_denying_tells_the_application_and_is_not_remembered(
    server, open_window, relying_party, arrived
):
    with open_window(server) as window:
        arrived(window)
        window.press("consent-deny")

        refusal = relying_party.next_arrival().parameters
        assert refusal["error"] == "access_denied"
        assert refusal["iss"] == server.issuer
        assert "code" not in refusal
        arrived(window)
        assert window.path == "/consent"


def test_an_application_of_the_operator_asks_nobody(server, open_window, relying_party):
    trusted = cast.application(server, relying_party.redirect_uri, "--skip-consent")
    person = cast.person(server)
    with open_window(server) as window:
        window.go(flows.asked(server, trusted).url)
        window.sign_in(person.username, person.password)

        assert "code" in relying_party.next_arrival().parameters


def test_a_person_who_is_somebody_else_can_say_so(server, open_window, relying_party, arrived):
    other = cast.person(server, name="Grace Hopper")
    with open_window(server) as window:
        arrived(window)
        with window.page.expect_navigation():
            window.page.locator("main a", has_text="Not you?").click()
        assert window.path == "/login"
        window.sign_in(other.username, other.password)

        assert window.path == "/consent"
        assert "Grace Hopper" in window.page.locator("main").inner_text()
        window.press("consent-allow")
        assert "code" in relying_party.next_arrival().parameters
