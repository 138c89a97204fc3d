"""Pages made before: whoever comes second sees what they would have seen first."""

import re

import pytest

from app.web.interaction.made_pages import MadePages
from tests.web.pages.test_login import blob_page

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
