"""The watch over the browser must itself be able to raise the alarm, or every journey proves less than it says."""

import pytest

from tests.support.relying_party import listening

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.mark.parametrize(
    ("misdeed", "noticed"),
    [
        ("console.error('a mistake')", "a mistake"),
        ("setTimeout(() => { throw new Error('uncaught') })", "uncaught"),
        (
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">')",
            "inline style",
        ),
        ("new Image().src = 'https://elsewhere.example/pixel.png'", "Content Security Policy"),
    ],
)
def test_what_no_page_may_do_is_noticed(sqlite_server, open_window, misdeed, noticed):
    with pytest.raises(AssertionError, match=noticed):
        _misbehave(sqlite_server, open_window, misdeed)


def test_a_request_to_a_foreign_host_is_noticed(sqlite_server, open_window):
    with (
        listening() as stranger,
        pytest.raises(AssertionError, match="request to"),
        open_window(sqlite_server) as window,
    ):
        window.go(stranger.origin)


@pytest.mark.node
@pytest.mark.parametrize(
    ("flaw", "noticed"),
    [
        ("document.querySelector('label').remove()", "label"),
        ("document.documentElement.removeAttribute('lang')", "html-has-lang"),
    ],
)
def test_a_page_that_shuts_people_out_is_noticed(sqlite_server, open_window, flaw, noticed):
    with open_window(sqlite_server) as window:
        window.go(sqlite_server.url("/login"))
        window.assert_accessible()
        window.page.evaluate(flaw)
        with pytest.raises(AssertionError, match=noticed):
            window.assert_accessible()


def _misbehave(server, open_window, misdeed):
    with open_window(server) as window:
        window.go(server.url("/login"))
        window.page.evaluate(misdeed)
        window.page.wait_for_timeout(200)
