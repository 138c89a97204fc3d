"""What answers a form inside a flow: the next step itself, in the transaction of what the form changed."""

import sqlite3
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from markupsafe import escape
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.clients import registry
from app.core.db import db
from app.core.errors import UnavailableError
from app.identity import passwords, sessions
from app.models.audit import AuditEvent
from app.models.identity import UserSession
from app.models.tokens import Grant
from app.protocol.extensions import step_up
from app.tokens import grants
from tests.support.provider import (
    CALLBACK,
    PASSWORD,
    Browser,
    Provider,
    answer_of,
    form_of,
    request_parameters,
)

WAY_BACK = "/authorize/continue?request="
PERSON = {"username": "ada", "password": PASSWORD}


def sent(browser: Browser, page: TestResponse, **values: str) -> TestResponse:
    """Send the form of ``page`` and return its own answer, wherever that leads."""
    action, fields = form_of(page)
    return browser.http.post(action or page.request.full_path, data={**fields, **values})


def count(provider: Provider, model: Any) -> int:
    found: int = provider.do(lambda: db.session.scalar(select(func.count()).select_from(model)))
    return found


def recorded(provider: Provider) -> list[tuple[str, str]]:
    """Return kind and request of every event, the first first."""
    with provider.app.app_context():
        rows = db.session.execute(select(AuditEvent).order_by(AuditEvent.id)).scalars()
        return [(row.kind, row.request_id) for row in rows]


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_the_password_is_answered_with_the_code_in_one_request_and_one_commit(
    signed_up: Provider,
) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    commits: list[object] = []
    see, engine = commits.append, signed_up.do(lambda: db.engine)
    event.listen(engine, "commit", see)
    try:
        answer = sent(browser, page, **PERSON)
    finally:
        event.remove(engine, "commit", see)
    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert len(commits) == 1
    assert signed_up.redeem(answer_of(answer)["code"]).status_code == 200


def test_the_answer_with_the_code_brings_the_cookies_and_headers_of_a_sign_in(
    signed_up: Provider,
) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    before = browser.http.get_cookie("signet-form").value
    answer = sent(browser, page, **PERSON)
    names = [each.split("=")[0] for each in answer.headers.getlist("Set-Cookie")]
    assert sorted(names) == ["signet-device", "signet-form", "signet-session"]
    # Whoever knew the token before the sign-in knows none after it.
    assert before != browser.http.get_cookie("signet-form").value
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "form-action 'self' https:" in answer.headers["Content-Security-Policy"]
    # For whoever is not taken there.
    assert f'<a href="{escape(answer.headers["Location"])}">' in answer.text


def test_sign_in_and_grant_are_recorded_in_this_order_as_one_request(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    before = len(recorded(signed_up))
    sent(browser, page, **PERSON)
    (first, its_request), (second, the_other) = recorded(signed_up)[before:]
    assert (first, second) == ("sign_in", "grant.created")
    assert its_request == the_other


@pytest.mark.spec("ASVS 5.0", "2.3.1")
def test_where_consent_is_missing_the_password_leads_to_it_and_the_yes_to_the_client(
    signed_up: Provider,
) -> None:
    signed_up.client("third", skip_consent=False)
    browser = signed_up.browser()
    answer = sent(browser, browser.authorize(client_id="third"), **PERSON)
    assert answer.headers["Location"].startswith("/consent?request=")
    assert count(signed_up, Grant) == 0
    page = browser.get(answer.headers["Location"])
    before = len(recorded(signed_up))
    allowed = sent(browser, page, decision="allow")
    assert allowed.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert [kind for kind, _ in recorded(signed_up)[before:]] == [
        "consent.granted",
        "grant.created",
    ]


def test_a_yes_in_a_session_that_ends_meanwhile_is_not_remembered(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_up.client("third", skip_consent=False)
    browser = signed_up.browser()
    page = browser.sign_in(browser.authorize(client_id="third"))
    monkeypatch.setattr(sessions, "hold", ended_before(sessions.hold))
    assert 'id="password"' in browser.submit(page, decision="allow").text
    assert count(signed_up, Grant) == 0
    monkeypatch.undo()
    page = browser.sign_in(browser.authorize(client_id="third"))
    assert 'id="consent-allow"' in page.text


def test_the_account_that_was_chosen_is_answered_with_the_code(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(seconds=10)
    page = browser.authorize(prompt="select_account")
    answer = sent(browser, page, choice="continue")
    assert answer.headers["Location"].startswith(f"{CALLBACK}?code=")


@pytest.mark.spec("OAuth 2.0 Form Post Response Mode 1.0", "2")
@pytest.mark.parametrize("mode", ["form_post", "form_post.jwt"])
def test_an_answer_that_is_a_page_never_answers_a_form(signed_up: Provider, mode: str) -> None:
    browser = signed_up.browser()
    answer = sent(browser, browser.authorize(response_mode=mode), **PERSON)
    assert answer.headers["Location"].startswith(WAY_BACK)
    assert count(signed_up, Grant) == 0
    assert 'id="form-post"' in browser.get(answer.headers["Location"]).text
    assert count(signed_up, Grant) == 1


@pytest.mark.spec("JARM 1.0", "2.3.1")
def test_a_signed_answer_in_the_query_answers_the_form_itself(signed_up: Provider) -> None:
    browser = signed_up.browser()
    answer = sent(browser, browser.authorize(response_mode="jwt"), **PERSON)
    assert answer.headers["Location"].startswith(f"{CALLBACK}?response=")


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_who_is_not_the_person_that_was_asked_for_gets_no_code_by_signing_in(
    signed_up: Provider,
) -> None:
    signed_up.user("grace")
    other = signed_up.browser()
    code = answer_of(other.sign_in(other.authorize(), "grace"))["code"]
    hint = str(signed_up.redeem(code).json["id_token"])
    browser = signed_up.browser()
    answer = sent(browser, browser.authorize(id_token_hint=hint), **PERSON)
    assert answer_of(answer)["error"] == "login_required"
    assert count(signed_up, Grant) == 1


@pytest.mark.spec("RFC 9470", "5")
def test_a_sign_in_that_is_not_sure_enough_is_refused_by_the_answer_to_its_form(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_up, "required", lambda *_: ("urn:example:gold",))
    browser = signed_up.browser()
    answer = sent(browser, browser.authorize(), **PERSON)
    assert answer_of(answer)["error"] == "unmet_authentication_requirements"
    assert count(signed_up, Grant) == 0


@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_a_client_disabled_while_the_password_is_checked_gets_no_code(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = passwords.verify

    def overtaken(*arguments: Any) -> Any:
        worker = threading.Thread(
            target=signed_up.do, args=(registry.disable, "app"), kwargs={"now": signed_up.at}
        )
        worker.start()
        worker.join()
        return verify(*arguments)

    browser = signed_up.browser()
    page = browser.authorize()
    monkeypatch.setattr(passwords, "verify", overtaken)
    answer = sent(browser, page, **PERSON)
    assert answer.headers["Location"].startswith(WAY_BACK)
    assert browser.get(answer.headers["Location"]).status_code == 400
    assert count(signed_up, Grant) == 0


def ended_before(hold: Callable[..., bool]) -> Callable[..., bool]:
    """Return ``hold`` for sessions that end between the decision and it."""

    def held(session_id: str, **options: Any) -> bool:
        sessions.end(session_id, reason="test", now=options["now"])
        return hold(session_id, **options)

    return held


@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_a_session_that_ends_before_the_grant_leads_back_to_the_page_and_not_in_circles(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    monkeypatch.setattr(sessions, "hold", ended_before(sessions.hold))
    answer = sent(browser, page, **PERSON)
    assert answer.headers["Location"].startswith(WAY_BACK)
    again = browser.get(answer.headers["Location"])
    assert 'id="password"' in again.text
    assert count(signed_up, Grant) == 0
    monkeypatch.undo()
    assert answer_of(sent(browser, again, **PERSON))["code"]


@pytest.mark.spec("ASVS 5.0", "16.5.3")
def test_a_failure_after_the_sign_in_takes_it_back_and_the_form_may_be_sent_again(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any, **__: Any) -> str:
        raise UnavailableError(retry_after=3)

    browser = signed_up.browser()
    page = browser.authorize()
    monkeypatch.setattr(grants, "create", locked)
    answer = sent(browser, page, **PERSON)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert browser.http.get_cookie("signet-session") is None
    assert count(signed_up, UserSession) == 0
    monkeypatch.undo()
    assert answer_of(sent(browser, page, **PERSON))["code"]


@pytest.mark.spec("ASVS 5.0", "16.5.3")
def test_a_commit_that_fails_changes_nothing_in_the_browser_either(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Any) -> None:
        raise OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error"))

    browser = signed_up.browser()
    page = browser.authorize()
    before = browser.http.get_cookie("signet-form").value
    monkeypatch.setattr(Session, "commit", full)
    answer = sent(browser, page, **PERSON)
    monkeypatch.undo()
    assert answer.status_code == 503
    assert answer.headers.getlist("Set-Cookie") == []
    assert browser.http.get_cookie("signet-form").value == before
    assert count(signed_up, UserSession) == 0
    assert answer_of(sent(browser, page, **PERSON))["code"]


def test_a_form_sent_again_after_its_answer_gets_a_code_of_its_own(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    first = answer_of(sent(browser, page, **PERSON))["code"]
    again = sent(browser, page, **PERSON)
    # It is not evaluated: there is nothing left to ask.
    assert again.headers["Location"].startswith(WAY_BACK)
    second = answer_of(browser.get(again.headers["Location"]))["code"]
    assert first != second
    assert count(signed_up, UserSession) == 1
    assert signed_up.redeem(second).status_code == 200


def at_once(provider: Provider, page: TestResponse, browser: Browser) -> list[TestResponse]:
    """Send the same form twice at the same time, as two clicks do, and return both answers."""
    action, fields = form_of(page)
    cookie = browser.http.get_cookie("signet-form").value
    barrier, answers = threading.Barrier(2), []

    def click() -> None:
        http = provider.app.test_client()
        http.set_cookie("signet-form", cookie)
        barrier.wait()
        answers.append(http.post(action, data={**fields, **PERSON}))

    clicks = [threading.Thread(target=click) for _ in range(2)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    return answers


def test_of_two_clicks_either_answer_is_good(signed_up: Provider) -> None:
    browser = signed_up.browser()
    answers = at_once(signed_up, browser.authorize(), browser)
    codes = [answer_of(each)["code"] for each in answers]
    assert [signed_up.redeem(code).status_code for code in codes] == [200, 200]


@pytest.mark.spec("RFC 9126", "4")
@pytest.mark.spec("RFC 9126", "7.3")
def test_two_clicks_do_not_use_up_a_pushed_request_and_two_ways_back_use_it_once(
    signed_up: Provider,
) -> None:
    handle = signed_up.post("/par", request_parameters()).json["request_uri"]
    browser = signed_up.browser()
    asked = urlencode({"client_id": "app", "request_uri": handle})
    answers = at_once(signed_up, browser.get(f"/authorize?{asked}"), browser)
    assert count(signed_up, Grant) == 0
    ends = []
    for each in answers:
        assert each.headers["Location"].startswith(WAY_BACK)
        # The browser that shows this answer, with the cookies that came with it.
        for cookie in each.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            browser.http.set_cookie(name, value)
        ends.append(answer_of(browser.get(each.headers["Location"])))
    assert "code" in ends[0]
    assert ends[1]["error"] == "invalid_request_uri"
    assert count(signed_up, Grant) == 1
