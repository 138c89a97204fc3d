"""The one-time link that a new server prints, in a real browser."""

import pytest

from tests.support.tampering import with_another_end

pytestmark = [pytest.mark.browser, pytest.mark.server]

_PASSWORD = "copper-meadow-signal-27"


def test_the_link_of_a_new_server_creates_the_first_administrator_and_works_once(
    own_server, open_window
):
    server = own_server().start()
    server.secrets.add(_PASSWORD)
    link = server.set_up_link
    with open_window(server) as window:
        window.go(link)
        window.assert_accessible()
        window.photograph("set-up")
        window.by_id("username").fill("radia")
        window.by_id("email").fill("radia@example.com")
        window.by_id("name").fill("Radia Perlman")
        window.by_id("password").fill(_PASSWORD)
        window.by_id("password_again").fill(f"{_PASSWORD}x")
        window.press("set-up-submit")
        assert window.path == "/set-up"
        window.by_id("password").fill(_PASSWORD)
        window.by_id("password_again").fill(_PASSWORD)
        window.press("set-up-submit")

        assert window.path == "/console"
    with open_window(server) as another:
        answer = another.go(link)
        assert answer.status in {404, 409}
        assert another.by_id("error-reference").is_visible()
        assert another.by_id("set-up-submit").count() == 0
    (admin,) = server.cli("users", "list")
    assert admin["username"] == "radia"
    assert admin["roles"] == ["admin"]
    token = link.partition("token=")[2]
    assert token not in server.log
    server.stop()


def test_a_forged_link_shows_no_form(own_server, open_window):
    server = own_server().start()
    with open_window(server) as window:
        answer = window.go(with_another_end(server.set_up_link, 4))

        assert answer.status in {400, 403, 404}
        assert window.by_id("set-up-submit").count() == 0
    server.stop()
