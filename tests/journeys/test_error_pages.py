"""Where nobody may be redirected, a person sees a page with a reference, in a real browser."""

import pytest

from tests.support import cast, flows

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def application(server, relying_party):
    return cast.application(server, relying_party.redirect_uri)


@pytest.fixture
def refused(server, open_window, relying_party):
    """Open ``url``, see a refusal that stays here, and find its reference in the log."""

    def visit(url, status=400):
        with open_window(server) as window:
            answer = window.go(url)
            assert answer.status == status
            assert window.page.url.startswith(server.issuer)
            reference = window.by_id("error-reference").inner_text()
            text = window.page.locator("main").inner_text()
        assert reference in server.log
        assert relying_party.arrivals.empty()
        return text

    return visit


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_an_unknown_client_is_not_answered_anywhere(server, refused, application):
    url = flows.asked(server, application, client_id="nobody-knows-me").url

    assert "nobody-knows-me" not in refused(url)


@pytest.mark.spec("RFC 9700", "2.1")
@pytest.mark.parametrize(
    "presented",
    [
        "{origin}/callback/",
        "{origin}/callback?more=1",
        "{origin}/CALLBACK",
        "https://evil.example/cb",
    ],
)
def test_a_redirect_uri_that_is_not_exactly_registered_is_never_followed(
    server, relying_party, refused, application, presented
):
    presented = presented.format(origin=relying_party.origin)

    refused(flows.asked(server, application, redirect_uri=presented).url)


@pytest.mark.spec("RFC 6749", "3.1")
def test_a_client_named_twice_is_not_answered_anywhere(server, refused, application):
    url = flows.asked(server, application).url

    refused(f"{url}&client_id={application.client_id}")


def test_an_address_that_does_not_exist_says_so(server, refused):
    refused(server.url("/no-such-page"), 404)


def test_a_page_that_was_not_ours_to_give_is_refused(server, refused):
    refused(server.url("/login?request=forged"))
    refused(server.url("/consent"))


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_any_other_mistake_is_told_to_the_application(
    server, open_window, relying_party, application
):
    with open_window(server) as window:
        request = flows.asked(server, application, response_type="token")
        window.go(request.url)

        told = relying_party.next_arrival().parameters
        assert told["error"] == "unsupported_response_type"
        assert told["state"] == request.state
        assert told["iss"] == server.issuer
