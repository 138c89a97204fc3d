"""Pages made before: whoever comes second sees what they would have seen first."""

import re
from datetime import timedelta

import pytest

from app.web.interaction.made_pages import MadePages
from tests.web.pages.test_login import blob_page
from tests.web.pages.visitor import read

TOKEN = re.compile(r'(?<=name="csrf_token" type="hidden" value=")[^"]+')


@pytest.fixture
def rendered(app, monkeypatch):
    """Count how often the sign-in page is rendered."""
    from app.web.interaction import login

    found = []
    render = login.render_template

    def counted(*args, **kwargs):
        found.append(kwargs)
        return render(*args, **kwargs)

    monkeypatch.setattr(login, "render_template", counted)
    return found


def without_token(response):
    text, tokens = TOKEN.subn("", response.get_data(as_text=True))
    assert tokens == 1
    return text


@pytest.mark.parametrize(
    "path",
    ["/login", "/login?next=/account/password", "/login?confirm=1&next=/account?a=%22%3E&switch=1"],
)
def test_a_page_made_before_is_the_page_that_would_be_rendered(
    app, browser, make_browser, rendered, path
):
    # Another address was asked for first, so that it is not what the second reader gets.
    browser.get("/login?next=/console")
    made = without_token(make_browser().get(path))
    assert len(rendered) == 1
    app.extensions["signet.login_pages"] = MadePages()
    assert without_token(make_browser().get(path)) == made
    assert len(rendered) == 2


def test_each_reader_has_a_token_and_a_request_of_their_own(
    browser, make_browser, rendered, authorize, ada
):
    browser.get(blob_page(browser, authorize()))
    other = make_browser()
    page_url = blob_page(other, authorize(state="another"))
    page = other.get(page_url).get_data(as_text=True)
    assert len(rendered) == 1
    assert f'action="{page_url}"' in page
    assert other.sign_in("ada", path=page_url).location.startswith("/consent?request=")


def refused(browser, name, path="/login"):
    """Answer a wrong password, typed under ``name``."""
    return browser.sign_in(name, "a guess of mine", path=path)


def test_a_refusal_made_before_is_the_one_that_would_be_rendered(
    app, browser, make_browser, rendered
):
    refused(browser, "first-of-all", "/login?next=/console")
    before = len(rendered)
    response = refused(make_browser(), '"><b>second', "/login?next=/account")
    made = without_token(response)
    assert response.status_code == 400
    assert len(rendered) == before
    app.extensions["signet.login_pages"] = MadePages()
    assert without_token(refused(make_browser(), '"><b>second', "/login?next=/account")) == made
    assert len(rendered) > before


def test_a_name_that_stands_elsewhere_on_the_page_spoils_no_page_for_others(browser, make_browser):
    for name in ("Sign in", "username", "e", "signet.css", "/login", "<", "&"):
        refused(browser, name)
        typed = read(refused(make_browser(), f"ada-{name}")).elements["username"]["value"]
        assert typed == f"ada-{name}"


def test_a_refusal_of_somebody_known_is_not_kept_for_others(browser, make_browser, ada, later):
    browser.sign_in("ada")
    later(timedelta(minutes=40))
    path = "/login?confirm=1&next=/account"
    known = refused(browser, "somebody-else", path)
    assert (known.status_code, read(known).elements["username"]["value"]) == (400, "ada")
    assert "ada" not in TOKEN.sub(
        "", refused(make_browser(), "nobody", path).get_data(as_text=True)
    )


def test_a_wait_is_told_as_it_is_and_a_form_left_empty_is_no_wrong_password(
    browser, make_browser, monkeypatch
):
    from app.throttle.counters import ThrottledError

    def throttled(seconds):
        def attempt(*_, **__):
            raise ThrottledError(retry_after=seconds)

        monkeypatch.setattr("app.identity.authentication.with_password", attempt)
        response = refused(make_browser(), "ada")
        told = re.search(r'id="retry-after">(.*?)</p>', response.get_data(as_text=True))[1]
        return response.headers["Retry-After"], told

    assert throttled(7) == ("7", "You can try again in 7 seconds.")
    assert throttled(90) == ("90", "You can try again in 90 seconds.")
    assert throttled(91) == ("91", "You can try again in 2 minutes.")
    assert throttled(119) == ("119", "You can try again in 2 minutes.")
    assert throttled(121) == ("121", "You can try again in 3 minutes.")
    assert "Please fill this in." in refused(browser, "").get_data(as_text=True)


def test_language_and_application_have_pages_of_their_own(browser, make_browser, authorize):
    browser.get("/login")
    german = make_browser(**{"Accept-Language": "de"})
    assert 'lang="de"' in german.get("/login").get_data(as_text=True)
    assert 'lang="en"' in browser.get("/login").get_data(as_text=True)
    assert "Acme Notes" in browser.get(blob_page(browser, authorize())).get_data(as_text=True)
    assert "Acme Notes" not in browser.get("/login").get_data(as_text=True)


def test_a_name_that_an_application_changes_is_shown_at_once(
    browser, authorize, notes, monkeypatch
):
    from dataclasses import replace

    from app.clients import registry

    page_url = blob_page(browser, authorize())
    browser.get(page_url)
    renamed = replace(notes, client_name="Acme Papers")
    monkeypatch.setattr(registry, "get", lambda _: renamed)
    text = browser.get(page_url).get_data(as_text=True)
    assert "Acme Papers" in text
    assert "Acme Notes" not in text


def test_what_is_known_of_a_reader_is_no_part_of_a_page_for_others(
    browser, make_browser, authorize, ada, rendered
):
    browser.sign_in("ada")
    before = len(rendered)
    browser.get(blob_page(browser, authorize(prompt="login")))
    hinted = make_browser()
    hinted.get(blob_page(hinted, authorize(login_hint="ada@example.com")))
    assert len(rendered) == before + 2
    text = make_browser().get("/login").get_data(as_text=True)
    assert "ada" not in TOKEN.sub("", text)


def test_values_are_escaped_wherever_they_go():
    pages = MadePages()
    shown = [
        pages.page("kind", [value], lambda: "<a>&#34;first&#34;</a>")
        for value in ('"first"', "<b>")
    ]
    assert shown == ["<a>&#34;first&#34;</a>", "<a>&lt;b&gt;</a>"]


@pytest.mark.parametrize("text", ["one", "one two one", "two one"])
def test_a_page_that_does_not_hold_each_value_once_and_in_order_is_never_kept(text):
    pages = MadePages()
    pages.page("kind", ["one", "two"], lambda: text)
    assert pages.page("kind", ["three", "four"], lambda: "rendered") == "rendered"


def test_no_more_pages_are_kept_than_are_of_use():
    pages = MadePages()
    for kind in range(2000):
        pages.page(kind, ["value"], lambda: "value")
    assert len(pages._made) <= 512
