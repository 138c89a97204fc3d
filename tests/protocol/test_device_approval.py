"""The person who lets a device in: what they are shown, and what their decision does."""

from datetime import timedelta
from typing import Any

import pytest

from app.clients import registry
from app.clients.client import DEVICE_CODE
from app.clients.registry import Registration
from app.core.db import db
from app.identity.users import Person
from app.models.logout import SessionClient
from app.protocol.extensions import step_up
from app.protocol.interaction import consent, device_approval
from app.throttle.budgets import Budget
from app.tokens import device_codes, revocation
from tests.support.devices import asked, decided, kinds, polled, started
from tests.support.provider import ISSUER, Provider


@pytest.mark.spec("RFC 8628", "3.3")
@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code} "]
)
def test_a_code_is_understood_however_it_is_typed(tv: Provider, typed: Any) -> None:
    told = started(tv)
    page = asked(tv.browser(), typed(told["user_code"]))
    assert page.status_code == 200
    assert told["user_code"] in page.text


@pytest.mark.spec("RFC 8628", "3.3.1")
@pytest.mark.spec("RFC 8628", "5.4")
def test_a_code_in_an_address_fills_the_field_and_decides_nothing(tv: Provider) -> None:
    told = started(tv)
    browser = tv.browser()
    path = told["verification_uri_complete"].removeprefix(ISSUER)
    page = browser.sign_in(browser.get(path))
    assert f'value="{told["user_code"]}"' in page.text
    assert polled(tv, told["device_code"]).json["error"] == "authorization_pending"
    question = browser.submit(page, user_code=told["user_code"])
    for shown in ("Telly", told["user_code"], "See your profile", "127.0.0.1", "Ada Lovelace"):
        assert shown in question.text
    tv.pass_time(seconds=5)
    assert polled(tv, told["device_code"]).json["error"] == "authorization_pending"


@pytest.mark.spec("RFC 8628", "5.4")
def test_even_a_client_that_needs_no_consent_is_confirmed(tv: Provider) -> None:
    tv.client("own", grant_types=(DEVICE_CODE,), redirect_uris=(), skip_consent=True)
    told = started(tv, "own")
    assert 'value="allow"' in asked(tv.browser(), told["user_code"]).text
    assert polled(tv, told["device_code"], "own").json["error"] == "authorization_pending"


@pytest.mark.spec("ASVS 5.0", "3.5.1")
def test_a_decision_without_our_form_decides_nothing(tv: Provider) -> None:
    told = started(tv)
    browser = tv.browser()
    asked(browser, told["user_code"])
    forged = {"user_code": told["user_code"], "decision": "allow"}
    assert browser.http.post("/device", data=forged).status_code == 400
    assert polled(tv, told["device_code"]).json["error"] == "authorization_pending"


def test_a_decision_that_is_none_is_refused(tv: Provider) -> None:
    told = started(tv)
    assert decided(tv.browser(), told["user_code"], "maybe").status_code == 400
    assert polled(tv, told["device_code"]).json["error"] == "authorization_pending"


@pytest.mark.spec("ASVS 5.0", "2.3.4")
def test_a_code_is_decided_once(tv: Provider) -> None:
    tv.user("grace")
    told = started(tv)
    ada, grace = tv.browser(), tv.browser()
    question = asked(ada, told["user_code"])
    page = grace.sign_in(grace.get("/device"), "grace")
    grace.submit(grace.submit(page, user_code=told["user_code"]), decision="deny")
    assert ada.submit(question, decision="allow").status_code == 400
    assert polled(tv, told["device_code"]).json["error"] == "access_denied"


@pytest.mark.spec("RFC 8628", "5.1")
@pytest.mark.spec("ASVS 5.0", "6.5.5")
@pytest.mark.spec("ASVS 5.0", "2.3.2")
def test_who_guesses_codes_has_to_wait(tv: Provider) -> None:
    told = started(tv)
    browser = tv.browser()
    page = browser.sign_in(browser.get("/device"))
    answers = [browser.submit(page, user_code="BBBB-BBBB") for _ in range(11)]
    assert [each.status_code for each in answers] == [400] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert "There were too many wrong codes." in answers[-1].text
    # The right code does not help before the wait is over.
    assert browser.submit(page, user_code=told["user_code"]).status_code == 429
    assert "user_code.throttled" in kinds(tv)
    tv.pass_time(seconds=30)
    assert browser.submit(page, user_code=told["user_code"]).status_code == 200


@pytest.mark.spec("RFC 8628", "5.1")
def test_all_people_together_guess_no_faster_than_one_budget(
    tv: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_approval, "_EVERYBODY", Budget("few", 1, timedelta(minutes=1)))
    browser = tv.browser()
    page = browser.sign_in(browser.get("/device"))
    assert browser.submit(page, user_code="BBBB-BBBB").status_code == 400
    assert browser.submit(page, user_code="BBBB-BBBB").status_code == 429


def _end_sessions(provider: Provider, person: Person) -> None:
    provider.do(revocation.of_user, person.id, reason="test", now=provider.at)


def _withdraw(provider: Provider, person: Person) -> None:
    assert provider.do(consent.withdraw, person.id, "tv", now=provider.at)


def _disable(provider: Provider, person: Person) -> None:
    provider.do(revocation.disable_user, person.id, now=provider.at)


@pytest.mark.spec("ASVS 5.0", "7.4.1")
@pytest.mark.parametrize("ending", [_end_sessions, _withdraw, _disable])
def test_what_ends_a_grant_ends_it_before_the_device_fetches_it(
    tv: Provider, ada: Person, ending: Any
) -> None:
    told = started(tv)
    decided(tv.browser(), told["user_code"])
    ending(tv, ada)
    assert polled(tv, told["device_code"]).json["error"] == "invalid_grant"


@pytest.mark.spec("ASVS 5.0", "10.7.2")
def test_consent_to_a_device_is_remembered(tv: Provider, ada: Person) -> None:
    told = started(tv, scope="openid email")
    decided(tv.browser(), told["user_code"])
    assert tv.do(consent.of, ada.id, "tv").scope == {"openid", "email"}
    assert [each.client_id for each in tv.do(consent.connections, ada.id)] == ["tv"]


def test_a_client_that_lost_a_scope_meanwhile_is_not_given_it(tv: Provider) -> None:
    told = started(tv, scope="openid email")
    less = Registration(
        "Telly", grant_types=(DEVICE_CODE, "refresh_token"), redirect_uris=(), scope=("openid",)
    )
    tv.do(registry.update, "tv", less, now=tv.at)
    assert asked(tv.browser(), told["user_code"]).status_code == 400


@pytest.mark.spec("RFC 9470", "5")
def test_a_sign_in_that_is_not_sure_enough_is_repeated_once_and_then_refused(
    tv: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_up, "required", lambda *_: ("urn:example:stronger",))
    browser = tv.browser()
    browser.sign_in(browser.get("/device"))
    tv.pass_time(minutes=1)
    told = started(tv)
    page = asked(browser, told["user_code"])
    assert 'name="password"' in page.text
    page = browser.sign_in(page)
    assert f'value="{told["user_code"]}"' in page.text
    refused = browser.submit(page, user_code=told["user_code"])
    assert refused.status_code == 403
    assert "You cannot sign in as surely" in refused.text
    assert polled(tv, told["device_code"]).json["error"] == "authorization_pending"


@pytest.mark.spec("RFC 9700", "4.16")
def test_the_page_is_in_nobodys_frame(tv: Provider) -> None:
    browser = tv.browser()
    page = browser.sign_in(browser.get("/device"))
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "code", ["", "BBBB-BBB", "BBBB-BBBA", "BBBB-BBB1", "ßBBB-BBBB", "\x00", "B" * 9]
)
def test_what_cannot_be_a_code_is_none(code: str) -> None:
    assert device_codes.normal(code) is None


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.5")
def test_a_device_takes_part_in_the_session_that_let_it_in(tv: Provider) -> None:
    tv.client("box", grant_types=(DEVICE_CODE,), redirect_uris=(), skip_consent=False,
              backchannel_logout_uri="https://box.example/signed-out")  # fmt: skip
    told = started(tv, "box")
    decided(tv.browser(), told["user_code"])
    with tv.app.app_context():
        noted = db.session.scalars(db.select(SessionClient.client_id)).all()
    assert noted == ["box"]
    assert polled(tv, told["device_code"], "box").status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "8.1")
def test_a_device_of_a_pairwise_client_learns_the_name_of_its_own_sector(
    tv: Provider, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = []
    monkeypatch.setattr(
        device_approval.subjects, "settle", lambda _client, user_id: settled.append(user_id)
    )
    tv.client("pair", grant_types=(DEVICE_CODE, "authorization_code"), skip_consent=False,
              subject_type="pairwise")  # fmt: skip
    decided(tv.browser(), started(tv, "pair")["user_code"])
    assert settled == [ada.id]
