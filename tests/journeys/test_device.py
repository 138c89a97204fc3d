"""A device without a browser, and the pages on which its owner lets it in; each page judged and photographed."""

import time

import pytest
import requests

from tests.support import cast
from tests.support.cast import Application

pytestmark = [pytest.mark.browser, pytest.mark.node, pytest.mark.server]
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(params=["light", "dark", "phone"])
def look(request):
    return request.param


@pytest.fixture
def television(sqlite_server) -> Application:
    resource = cast.api(sqlite_server)
    return cast.application(
        sqlite_server, "", "--resource", resource, "--client-uri", "https://telly.example",
        grant_types=(DEVICE_CODE, "refresh_token"),
        scope="openid profile offline_access orders:read",
    )  # fmt: skip


def post(server, path, application, form):
    """Ask as the application on the device does."""
    sent = {**application.form, **form}
    return requests.post(server.url(path), data=sent, auth=application.basic, timeout=30).json()


def started(server, application):
    form = {"scope": "openid profile offline_access orders:read"}
    return post(server, "/device_authorization", application, form)


def polled(server, application, device_code):
    form = {"grant_type": DEVICE_CODE, "device_code": device_code}
    return post(server, "/token", application, form)


@pytest.mark.spec("RFC 8628", "3.3")
@pytest.mark.spec("RFC 8628", "5.4")
def test_a_person_lets_a_device_in(sqlite_server, open_window, look, television):
    server, person = sqlite_server, cast.person(sqlite_server)
    told = started(server, television)

    with open_window(server, look=look) as window:

        def judge(name):
            window.assert_accessible()
            window.assert_fits()
            window.photograph(f"{name}-{look}")

        window.go(told["verification_uri"])
        window.sign_in(person.username, person.password)
        judge("device")
        window.by_id("user_code").fill("BBBB-BBBB")
        window.press("device-continue")
        judge("device-refused")
        window.go(told["verification_uri_complete"])
        assert window.by_id("user_code").input_value() == told["user_code"]
        window.press("device-continue")
        judge("device-confirm")
        assert window.by_id("device-code").inner_text() == told["user_code"]
        assert polled(server, television, told["device_code"])["error"] == "authorization_pending"
        window.press("device-allow")
        judge("device-done")
    time.sleep(5)
    assert polled(server, television, told["device_code"])["refresh_token"]
