"""A device without a browser, and the person who lets it in: the steps of RFC 8628, in this process."""

from typing import Any

from werkzeug.test import TestResponse

from app.audit import events
from app.clients.client import DEVICE_CODE
from tests.support.provider import Browser, Provider


def started(provider: Provider, client_id: str = "tv", **parameters: str) -> dict[str, Any]:
    form = {"scope": "openid profile", **parameters}
    answer = provider.post("/device_authorization", form, auth=client_id)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def polled(provider: Provider, code: str, client_id: str = "tv", **more: str) -> TestResponse:
    return provider.token(client_id, grant_type=DEVICE_CODE, device_code=code, **more)


def asked(browser: Browser, user_code: str) -> TestResponse:
    """Sign in, type the code, and return the page that comes then."""
    page = browser.get("/device")
    if 'name="password"' in page.text:
        page = browser.sign_in(page)
    return browser.submit(page, user_code=user_code)


def decided(browser: Browser, user_code: str, decision: str = "allow") -> TestResponse:
    return browser.submit(asked(browser, user_code), decision=decision)


def kinds(provider: Provider) -> list[str]:
    return [each.kind for each in provider.do(events.tail)]
