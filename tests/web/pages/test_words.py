"""Small things that pages say: names of browsers, instants, scopes."""

from datetime import UTC, datetime

import pytest

from app.clients import scopes
from app.web import language
from app.web.account import agents
from app.web.interaction import scope_texts


@pytest.mark.parametrize(
    ("agent", "summary"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
            ),
            "Edge on Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
                "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iPhone",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
                "Chrome/140.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome on Android",
        ),
        ("curl/8.9.1", "curl/8.9.1"),
        ("x" * 90, "x" * 40),
        ("", None),
        (None, None),
    ],
)
def test_a_browser_is_named_as_people_know_it(app, agent, summary):
    with app.test_request_context():
        assert agents.summary(agent) == summary


@pytest.mark.parametrize(
    ("asked", "shown"), [("en", "Nov 21, 2026, 07:05 UTC"), ("de", "21.11.2026, 07:05 UTC")]
)
def test_an_instant_is_shown_in_the_readers_way_and_says_its_zone(app, asked, shown):
    with app.test_request_context(headers={"Accept-Language": asked}):
        assert language.when(datetime(2026, 11, 21, 7, 5, tzinfo=UTC)) == shown


@pytest.mark.parametrize(
    ("ui_locales", "accepted", "chosen"),
    [
        ((), "", "en"),
        ((), "de-CH, en;q=0.5", "de"),
        ((), "en;q=0, de;q=0.1", "de"),
        ((), "de;q=0", "en"),
        (("fr", "de-AT"), "en", "de"),
        (("tlh",), "de", "de"),
        (("", "DE"), "en", "de"),
        (("../../etc", "de"), "en", "de"),
        (("*",), "*", "en"),
    ],
)
@pytest.mark.spec("RFC 4647", "3.4")
def test_the_first_wish_that_can_be_met_decides_the_language(app, ui_locales, accepted, chosen):
    with app.test_request_context(headers={"Accept-Language": accepted}):
        assert language.current() == "en" or accepted
        language.prefer(ui_locales)
        assert language.current() == chosen


def test_the_installations_language_is_the_last_resort(make_app):
    with make_app(DEFAULT_LANGUAGE="de").test_request_context(headers={"Accept-Language": "fr"}):
        assert language.current() == "de"


def test_every_scope_of_openid_connect_has_words(app):

    with app.test_request_context():
        for name in scopes.STANDARD:
            assert scope_texts.is_ours(name), name
            assert scope_texts.of(name).title != name


def test_a_scope_without_words_goes_by_its_name(app):
    with app.test_request_context():
        assert scope_texts.of("notes:read").title == "notes:read"
