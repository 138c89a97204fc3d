"""Front-channel logout: which frames a sign-out opens, what they are told, and where it goes on."""

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt as pyjwt
import pytest

from app.protocol.logout import front_channel
from tests.support import provider as providers
from tests.support.provider import ISSUER, Provider

BYE = "https://app.example/bye"


@pytest.fixture
def leaving(provider: Provider) -> Provider:
    provider.user()
    return provider


def joined(provider: Provider, name: str, uri: str | None, **values) -> None:
    host = "https://" + urlsplit(uri or f"https://{name}.example").netloc
    provider.client(
        name,
        redirect_uris=(f"{host}/callback",),
        frontchannel_logout_uri=uri,
        post_logout_redirect_uris=(BYE,),
        **values,
    )


def signed_in(provider: Provider, browser, name: str) -> dict:
    redirect_uri = f"https://{name}.example/callback"
    code = browser.code(client_id=name, redirect_uri=redirect_uri)
    return provider.redeem(code, name, redirect_uri=redirect_uri).json


def sid(tokens: dict) -> str:
    return pyjwt.decode(tokens["id_token"], options={"verify_signature": False})["sid"]


def frames(page) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'<iframe [^>]*src="([^"]*)"', page.text)]


def end(browser, **parameters: str):
    return browser.get(f"/end_session?{urlencode(parameters)}")


def left(provider: Provider, browser, tokens: dict, **parameters: str):
    return end(browser, id_token_hint=tokens["id_token"], **parameters)


@pytest.mark.spec("OpenID Connect Front-Channel Logout 1.0", "2")
@pytest.mark.spec("OpenID Connect Front-Channel Logout 1.0", "3")
def test_each_client_of_the_session_gets_a_frame_with_its_own_name_of_it(
    leaving: Provider,
) -> None:
    joined(leaving, "one", "https://one.example/out?keep=a%20b")
    joined(leaving, "two", "https://two.example/out", frontchannel_logout_session_required=True)
    joined(leaving, "never", "https://never.example/out")
    joined(leaving, "deaf", None)
    browser = leaving.browser()
    tokens = {name: signed_in(leaving, browser, name) for name in ("one", "two", "deaf")}
    page = left(leaving, browser, tokens["one"])
    first, second = frames(page)
    assert first.startswith("https://one.example/out?keep=a%20b&iss=")
    assert second.startswith("https://two.example/out?iss=")
    assert parse_qs(urlsplit(first).query) == {
        "keep": ["a b"], "iss": [ISSUER], "sid": [sid(tokens["one"])],
    }  # fmt: skip
    assert parse_qs(urlsplit(second).query)["sid"] == [sid(tokens["two"])]
    assert sid(tokens["one"]) != sid(tokens["two"])


@pytest.mark.spec("OpenID Connect Front-Channel Logout 1.0", "4.1")
def test_the_page_may_frame_these_origins_alone_and_may_not_be_framed(leaving: Provider) -> None:
    joined(leaving, "one", "https://one.example/out")
    joined(leaving, "two", "https://two.example:8443/out")
    browser = leaving.browser()
    tokens = signed_in(leaving, browser, "one")
    second = browser.code(client_id="two", redirect_uri="https://two.example:8443/callback")
    assert second
    page = left(leaving, browser, tokens)
    policy = dict(
        each.strip().split(" ", 1) for each in page.headers["Content-Security-Policy"].split(";")
    )
    assert policy["frame-src"] == "https://one.example https://two.example:8443"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["default-src"] == "'none'"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    for each in re.findall(r"<iframe [^>]*>", page.text):
        assert 'sandbox="allow-scripts allow-same-origin"' in each
        assert 'referrerpolicy="no-referrer"' in each


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "3")
def test_after_the_frames_it_goes_back_to_whoever_proved_that_they_asked(
    leaving: Provider,
) -> None:
    joined(leaving, "one", "https://one.example/out")
    browser = leaving.browser()
    tokens = signed_in(leaving, browser, "one")
    page = left(leaving, browser, tokens, post_logout_redirect_uri=BYE, state="s&1")
    assert page.status_code == 200
    assert page.headers["Refresh"] == f"5; url={BYE}?state=s%261"
    link = re.search(r'<a [^>]*id="front-channel-continue" href="([^"]*)"', page.text)
    assert link
    assert html.unescape(link[1]) == f"{BYE}?state=s%261"
    assert "front_channel_logout.js" in page.text


def test_whoever_proved_nothing_gets_the_frames_and_a_link_to_press(leaving: Provider) -> None:
    joined(leaving, "one", "https://one.example/out")
    browser = leaving.browser()
    signed_in(leaving, browser, "one")
    page = browser.submit(end(browser, client_id="one", post_logout_redirect_uri=BYE))
    assert len(frames(page)) == 1
    assert "Refresh" not in page.headers
    assert "front-channel-continue" not in page.text
    assert BYE in page.text


@pytest.mark.spec("ASVS 5.0", "7.4.1")
def test_the_session_is_over_before_the_page_is_there(leaving: Provider) -> None:
    joined(leaving, "one", "https://one.example/out")
    browser = leaving.browser()
    tokens = signed_in(leaving, browser, "one")
    cookie = browser.http.get_cookie("signet-session")
    assert cookie is not None
    page = left(leaving, browser, tokens)
    assert frames(page)
    assert page.headers["Clear-Site-Data"]
    assert browser.http.get_cookie("signet-session") is None
    browser.http.set_cookie("signet-session", cookie.value)
    assert 'name="password"' in browser.get("/account").text


def test_once_it_is_over_there_is_nobody_to_tell(leaving: Provider) -> None:
    joined(leaving, "one", "https://one.example/out")
    browser = leaving.browser()
    tokens = signed_in(leaving, browser, "one")
    left(leaving, browser, tokens)
    assert left(leaving, browser, tokens, post_logout_redirect_uri=BYE).status_code == 303


def test_without_anybody_to_tell_it_is_the_redirect_it_always_was(leaving: Provider) -> None:
    joined(leaving, "one", None)
    browser = leaving.browser()
    tokens = signed_in(leaving, browser, "one")
    answer = left(leaving, browser, tokens, post_logout_redirect_uri=BYE)
    assert (answer.status_code, answer.headers["Location"]) == (303, BYE)


def test_a_stay_says_nothing_to_anybody(leaving: Provider) -> None:
    joined(leaving, "one", "https://one.example/out")
    browser = leaving.browser()
    signed_in(leaving, browser, "one")
    page = end(browser)
    assert 'id="logout-confirm"' in page.text
    assert frames(page) == []
    assert "frame-src" not in page.headers["Content-Security-Policy"]


def test_no_more_frames_are_opened_than_a_browser_can_bear(leaving: Provider, monkeypatch) -> None:
    monkeypatch.setattr(front_channel, "MOST", 2)
    browser = leaving.browser()
    for name in ("one", "two", "three"):
        joined(leaving, name, f"https://{name}.example/out")
        tokens = signed_in(leaving, browser, name)
    assert len(frames(left(leaving, browser, tokens))) == 2


def test_where_it_is_off_nobody_is_framed(tmp_path) -> None:
    off = providers.create(tmp_path, FRONT_CHANNEL_LOGOUT="false")
    try:
        off.user()
        joined(off, "one", "https://one.example/out")
        browser = off.browser()
        tokens = signed_in(off, browser, "one")
        assert frames(left(off, browser, tokens)) == []
        metadata = off.app.test_client().get("/.well-known/openid-configuration").json
        assert metadata["frontchannel_logout_supported"] is False
        assert metadata["frontchannel_logout_session_supported"] is False
    finally:
        providers.dispose(off)
