"""The steps of the code flow, written out: for tests that look at what happens between them."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests

from tests.support.cast import Application, Person
from tests.support.plain_browser import Page, PlainBrowser
from tests.support.server import Server

_MOST_PAGES = 8


@dataclass(frozen=True)
class Asked:
    """An authorization request: its address, and what only the client knows of it."""

    url: str
    verifier: str
    state: str
    nonce: str


def asked(server: Server, application: Application, **parameters: str) -> Asked:
    """Return an authorization request of ``application``; ``parameters`` add to the usual ones."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    state, nonce = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": application.redirect_uri,
        "scope": "openid",
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **parameters,
    }
    return Asked(f"{server.issuer}/authorize?{urlencode(query)}", verifier, state, nonce)


def go_through(browser: PlainBrowser, url: str, person: Person, *, decision: str = "allow") -> Page:
    """Sign ``person`` in wherever ``url`` asks for it, decide, and return where the flow leaves."""
    page = browser.open(url)
    for _ in range(_MOST_PAGES):
        if page.left_for is not None:
            return page
        if page.has("login-submit"):
            page = browser.submit(
                page, "login-submit", username=person.username, password=person.password
            )
        elif page.has(f"consent-{decision}"):
            page = browser.submit(page, f"consent-{decision}")
        elif page.has("account-continue"):
            page = browser.submit(page, "account-continue")
        elif any(form.id == "form-post" for form in page.forms):
            form = next(form for form in page.forms if form.id == "form-post")
            return Page(page.status, page.url, left_for=form.action, posted=form.fields)
        else:
            break
    raise AssertionError(f"stuck on {page.url} ({page.status}):\n{page.body}")


def token(
    server: Server, application: Application, form: dict[str, str], **options: Any
) -> requests.Response:
    """POST ``form`` to the token endpoint as ``application``."""
    return post(server, "/token", application, form, **options)


def post(
    server: Server, path: str, application: Application, form: dict[str, str], **options: Any
) -> requests.Response:
    """POST ``form`` to a machine endpoint as ``application``."""
    sender = options.pop("session", requests)
    response: requests.Response = sender.post(
        server.url(path),
        data={**form, **application.form},
        auth=application.basic,
        timeout=30,
        **options,
    )
    return response


def redemption(application: Application, request: Asked, code: str) -> dict[str, str]:
    """Return the form that redeems ``code``."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": application.redirect_uri,
        "code_verifier": request.verifier,
    }


def tokens_of(
    server: Server,
    application: Application,
    browser: PlainBrowser,
    person: Person,
    **parameters: str,
) -> dict[str, Any]:
    """Run the whole code flow and return the token response."""
    request = asked(server, application, **parameters)
    answer = go_through(browser, request.url, person).answer
    assert answer["state"] == request.state
    assert answer["iss"] == server.issuer
    response = token(server, application, redemption(application, request, answer["code"]))
    assert response.status_code == 200, response.text
    tokens: dict[str, Any] = response.json()
    server.secrets.add(answer["code"])
    server.secrets.update(browser.http.cookies.values())
    server.secrets.update(
        tokens[name] for name in ("access_token", "refresh_token", "id_token") if name in tokens
    )
    return tokens


def userinfo(server: Server, access_token: str, **options: Any) -> requests.Response:
    """Ask the userinfo endpoint with ``access_token``."""
    sender = options.pop("session", requests)
    response: requests.Response = sender.get(
        server.url("/userinfo"),
        headers={"Authorization": f"Bearer {access_token}"},
        timeout=30,
        **options,
    )
    return response
