"""The answer as a form, with script and without, in a real browser."""

import pytest

from tests.support import cast, flows

pytestmark = [
    pytest.mark.browser,
    pytest.mark.server,
    pytest.mark.spec("OAuth 2.0 Form Post Response Mode", "2"),
]


@pytest.mark.parametrize("look", ["light", "plain"])
def test_the_answer_arrives_as_a_form_with_and_without_script(
    server, open_window, relying_party, look
):
    application = cast.application(server, relying_party.redirect_uri)
    person = cast.person(server)
    request = flows.asked(server, application, response_mode="form_post")
    with open_window(server, look=look) as window:
        window.go(request.url)
        window.sign_in(person.username, person.password)
        window.press("consent-allow")
        if look == "plain":
            assert window.page.url.startswith(server.issuer)
            window.photograph("form-post-without-script")
            with window.page.expect_navigation():
                window.page.locator("#form-post button").click()

        arrival = relying_party.next_arrival()
        assert arrival.method == "POST"
        assert "?" not in arrival.url
        assert arrival.parameters["state"] == request.state
        assert arrival.parameters["iss"] == server.issuer
        form = flows.redemption(application, request, arrival.parameters["code"])
        assert flows.token(server, application, form).status_code == 200


def test_a_refusal_arrives_as_a_form_too(server, open_window, relying_party):
    application = cast.application(server, relying_party.redirect_uri)
    request = flows.asked(server, application, response_mode="form_post", prompt="none")
    with open_window(server) as window:
        window.go(request.url)

        arrival = relying_party.next_arrival()
        assert arrival.method == "POST"
        assert arrival.parameters["error"] == "login_required"
        assert arrival.parameters["state"] == request.state
