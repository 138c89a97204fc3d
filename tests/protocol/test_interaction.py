"""prompt, max_age, hints and consent: what a person is asked, and when."""

import json
from base64 import urlsafe_b64decode
from dataclasses import replace

import pytest

from app.clients import registry
from app.core.db import db
from app.identity import users
from app.protocol.interaction import consent, flow
from app.protocol.interaction.next_step import Step
from app.tokens import revocation
from tests.support.provider import Provider, answer_of


def claims_of(token: str) -> dict:
    body = token.split(".")[1]
    return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def id_token(provider: Provider, code: str) -> str:
    answer = provider.redeem(code)
    assert answer.status_code == 200, answer.text
    return str(answer.json["id_token"])


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.3")
def test_a_second_request_is_answered_without_a_page(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(minutes=5)
    assert "code" in answer_of(browser.authorize(prompt="none"))


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.6")
def test_prompt_none_never_shows_a_page(signed_up: Provider) -> None:
    assert answer_of(signed_up.browser().authorize(prompt="none"))["error"] == "login_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_prompt_login_asks_again_and_renews_auth_time(signed_up: Provider) -> None:
    browser = signed_up.browser()
    before = claims_of(id_token(signed_up, browser.code()))
    signed_up.pass_time(minutes=5)
    page = browser.authorize(prompt="login")
    assert page.status_code == 200
    assert 'id="password"' in page.text
    after = claims_of(id_token(signed_up, answer_of(browser.sign_in(page))["code"]))
    assert after["auth_time"] == before["auth_time"] + 300
    assert after["sid"] == before["sid"]


@pytest.mark.spec("OpenID Connect Core 1.0", "2")
def test_auth_time_does_not_move_when_the_session_is_used_again(signed_up: Provider) -> None:
    browser = signed_up.browser()
    before = claims_of(id_token(signed_up, browser.code()))
    signed_up.pass_time(minutes=5)
    after = claims_of(id_token(signed_up, browser.code()))
    assert after["auth_time"] == before["auth_time"]
    assert after["sid"] == before["sid"]


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_prompt_login_is_not_satisfied_by_a_sign_in_of_the_same_second(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(milliseconds=1)
    assert browser.authorize(prompt="login").status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
@pytest.mark.spec("ASVS 5.0", "7.6.1")
def test_max_age_is_kept(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(seconds=100)
    assert "code" in answer_of(browser.authorize(max_age="100"))
    assert answer_of(browser.authorize(max_age="99", prompt="none"))["error"] == "login_required"
    page = browser.authorize(max_age="99")
    assert page.status_code == 200
    assert "code" in answer_of(browser.sign_in(page))


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_max_age_zero_asks_once_and_then_is_content(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(seconds=1)
    page = browser.authorize(max_age="0")
    signed_up.pass_time(seconds=30)
    assert "code" in answer_of(browser.sign_in(page))


def test_a_clients_registered_max_age_counts_when_it_does_not_say(signed_up: Provider) -> None:
    signed_up.client("strict", default_max_age=60)
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(seconds=61)
    answer = answer_of(browser.authorize(client_id="strict", prompt="none"))
    assert answer["error"] == "login_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_select_account_asks_which(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(seconds=10)
    page = browser.authorize(prompt="select_account")
    assert 'id="account-continue"' in page.text
    assert "code" in answer_of(browser.submit(page, choice="continue"))
    page = browser.submit(browser.authorize(prompt="select_account"), choice="other")
    assert 'id="username"' in page.text
    signed_up.user("grace")
    assert "code" in answer_of(browser.sign_in(page, "grace"))


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.2")
def test_a_hint_of_the_person_signed_in_is_content_even_when_expired(signed_up: Provider) -> None:
    browser = signed_up.browser()
    hint = id_token(signed_up, browser.code())
    signed_up.pass_time(hours=2)
    answer = answer_of(browser.authorize(prompt="none", id_token_hint=hint))
    assert "code" in answer


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_a_hint_of_somebody_else_is_login_required(signed_up: Provider) -> None:
    signed_up.user("grace")
    other = signed_up.browser()
    page = other.authorize()
    hint = id_token(signed_up, answer_of(other.sign_in(page, "grace"))["code"])
    browser = signed_up.browser()
    browser.code()
    answer = answer_of(browser.authorize(prompt="none", id_token_hint=hint))
    assert answer["error"] == "login_required"
    signed_up.pass_time(seconds=5)
    page = browser.authorize(id_token_hint=hint)
    assert page.status_code == 200
    assert answer_of(browser.sign_in(page))["error"] == "login_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.2")
def test_a_hint_issued_to_another_client_is_refused(signed_up: Provider) -> None:
    signed_up.client("second")
    browser = signed_up.browser()
    hint = id_token(signed_up, browser.code())
    answer = answer_of(browser.authorize(client_id="second", id_token_hint=hint))
    assert answer["error"] == "invalid_request"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.2")
def test_an_access_token_is_no_hint(signed_up: Provider) -> None:
    browser = signed_up.browser()
    token = signed_up.redeem(browser.code()).json["access_token"]
    assert answer_of(browser.authorize(id_token_hint=token))["error"] == "invalid_request"


@pytest.mark.spec("OpenID Connect Core 1.0", "15.1")
def test_login_hint_is_filled_in_and_an_unknown_one_is_harmless(signed_up: Provider) -> None:
    page = signed_up.browser().authorize(login_hint="nobody@example.com")
    assert page.status_code == 200
    assert 'value="nobody@example.com"' in page.text


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_ui_locales_choose_the_language(signed_up: Provider) -> None:
    assert '<html lang="de"' in signed_up.browser().authorize(ui_locales="fr-CA de en").text
    assert '<html lang="en"' in signed_up.browser().authorize(ui_locales="xx").text


@pytest.mark.spec("OpenID Connect Core 1.0", "5.5.1.1")
def test_acr_values_are_never_an_error(signed_up: Provider) -> None:
    claims = claims_of(id_token(signed_up, signed_up.browser().code(acr_values="x urn:nothing")))
    assert claims["acr"] == "urn:signet:acr:1fa"
    assert claims["amr"] == ["pwd"]


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.4")
def test_consent_is_asked_once_and_again_when_scopes_grow(signed_up: Provider) -> None:
    signed_up.client("third", skip_consent=False)
    browser = signed_up.browser()
    page = browser.sign_in(browser.authorize(client_id="third", scope="openid"))
    assert 'id="consent-allow"' in page.text
    assert "The App" in page.text
    assert "badge-new" not in page.text
    assert "code" in answer_of(browser.submit(page, decision="allow"))
    assert "code" in answer_of(browser.authorize(client_id="third", prompt="none"))
    grown = {"client_id": "third", "scope": "openid email"}
    answer = answer_of(browser.authorize(**grown, prompt="none"))
    assert answer["error"] == "consent_required"
    page = browser.authorize(**grown)
    # What was not allowed before is pointed out, and only that.
    assert page.text.count("badge-new") == 1
    assert "code" in answer_of(browser.submit(page, decision="allow"))
    assert "code" in answer_of(browser.authorize(**grown, prompt="none"))


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.6")
def test_no_is_access_denied_and_nothing_is_remembered(signed_up: Provider) -> None:
    signed_up.client("third", skip_consent=False)
    browser = signed_up.browser()
    page = browser.sign_in(browser.authorize(client_id="third"))
    answer = answer_of(browser.submit(page, decision="deny"))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "st-1"
    answer = answer_of(browser.authorize(client_id="third", prompt="none"))
    assert answer["error"] == "consent_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_prompt_consent_asks_again(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    signed_up.pass_time(seconds=3)
    page = browser.authorize(prompt="consent")
    assert 'id="consent-allow"' in page.text
    assert "code" in answer_of(browser.submit(page, decision="allow"))


@pytest.mark.spec("ASVS 5.0", "10.7.3")
def test_a_withdrawn_consent_ends_what_the_client_holds(signed_up: Provider) -> None:
    person = signed_up.user("grace")
    signed_up.client("third", skip_consent=False)
    browser = signed_up.browser()
    page = browser.sign_in(
        browser.authorize(client_id="third", scope="openid offline_access"), "grace"
    )
    code = answer_of(browser.submit(page, decision="allow"))["code"]
    tokens = signed_up.redeem(code, "third").json
    assert signed_up.do(consent.withdraw, person.id, "third", now=signed_up.at)
    assert signed_up.userinfo(tokens["access_token"]).status_code == 401
    assert signed_up.refresh(tokens["refresh_token"], "third").json["error"] == "invalid_grant"
    answer = answer_of(browser.authorize(client_id="third", prompt="none"))
    assert answer["error"] == "consent_required"


@pytest.mark.spec("ASVS 5.0", "2.3.1")
def test_the_steps_of_a_sign_in_cannot_be_skipped(signed_up: Provider) -> None:
    signed_up.client("third", skip_consent=False)
    browser = signed_up.browser()
    page = browser.authorize(client_id="third")
    blob = page.request.args["request"]
    # Not signed in: the way back leads to the sign-in page again, and the consent page too.
    assert 'id="password"' in browser.get(f"/authorize/continue?request={blob}").text
    assert 'id="password"' in browser.get(f"/consent?request={blob}").text


@pytest.mark.spec("ASVS 5.0", "7.6.2")
def test_a_pending_request_is_worth_nothing_in_another_browser(signed_up: Provider) -> None:
    page = signed_up.browser().authorize()
    blob = page.request.args["request"]
    stranger = signed_up.browser()
    stranger.authorize()
    for path in ("/login", "/authorize/continue", "/consent", "/select-account"):
        answer = stranger.get(f"{path}?request={blob}")
        assert answer.status_code == 400
        assert 'id="error-reference"' in answer.text


def test_a_changed_pending_request_is_refused(signed_up: Provider) -> None:
    browser = signed_up.browser()
    blob = browser.authorize().request.args["request"]
    head, _, signature = blob.rpartition(".")
    # Not the last letter: a part of its bits says nothing.
    forged = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    for changed in (forged, "." + blob, blob.split(".")[0], "", "x" * 9000):
        assert browser.get(f"/authorize/continue?request={changed}").status_code == 400


def test_a_pending_request_expires(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    signed_up.pass_time(minutes=61)
    assert browser.sign_in(page).status_code == 400


def test_a_client_disabled_meanwhile_gets_no_code(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    signed_up.do(registry.disable, "app", now=signed_up.at)
    assert browser.sign_in(page).status_code == 400


def test_an_unauthenticated_request_writes_nothing(signed_up: Provider) -> None:
    from sqlalchemy import func, select

    from app.core.db import Base, db

    def rows() -> dict[str, int]:
        with signed_up.app.app_context():
            return {
                table.name: db.session.scalar(select(func.count()).select_from(table))
                for table in Base.metadata.sorted_tables
            }

    before = rows()
    browser = signed_up.browser()
    browser.authorize()
    browser.authorize(client_id="nobody")
    browser.get("/account")
    signed_up.token("app", grant_type="authorization_code", code="x", redirect_uri="y")
    assert rows() == before


@pytest.mark.spec("ASVS 5.0", "10.7.2")
def test_a_scope_allowed_at_one_api_is_not_allowed_at_another(signed_up: Provider) -> None:
    for name in ("a", "b"):
        signed_up.api(f"https://{name}.example", read="Read", write="Write")
    signed_up.client(
        "third",
        skip_consent=False,
        scope=("openid", "read", "write"),
        resources=("https://a.example", "https://b.example"),
    )
    browser = signed_up.browser()

    def ask(scope: str, name: str, **more: str):
        asked = {"client_id": "third", "scope": scope, "resource": f"https://{name}.example"}
        return browser.authorize(**asked, **more)

    browser.submit(browser.sign_in(ask("read", "a")), decision="allow")
    browser.submit(ask("write", "b"), decision="allow")
    for scope, name in (("read", "a"), ("write", "b")):
        assert "code" in answer_of(ask(scope, name, prompt="none"))
    for scope, name in (("write", "a"), ("read", "b")):
        assert answer_of(ask(scope, name, prompt="none"))["error"] == "consent_required"


@pytest.mark.spec("RFC 8252", "8.6")
@pytest.mark.spec("ASVS 5.0", "10.7.1")
def test_an_app_that_cannot_prove_itself_is_asked_about_every_time(signed_up: Provider) -> None:
    signed_up.client(
        "native",
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=("com.example.app:/cb", "https://app.example/native"),
        skip_consent=False,
    )
    browser = signed_up.browser()
    unproved = {"client_id": "native", "redirect_uri": "com.example.app:/cb"}
    browser.submit(browser.sign_in(browser.authorize(**unproved)), decision="allow")
    signed_up.pass_time(seconds=5)
    assert 'id="consent-allow"' in browser.authorize(**unproved).text
    answer = browser.authorize(**unproved, prompt="none")
    assert "error=consent_required" in answer.headers["Location"]
    claimed = {"client_id": "native", "redirect_uri": "https://app.example/native"}
    assert "code" in answer_of(browser.authorize(**claimed, prompt="none"))


@pytest.mark.spec("ASVS 5.0", "15.4.2")
@pytest.mark.parametrize("ending", ["session", "person", "consent"])
def test_what_ends_while_a_grant_is_created_either_prevents_it_or_ends_it(
    signed_up: Provider, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    signed_up.client("third", skip_consent=False)
    person = signed_up.do(users.lookup, "ada")
    browser = signed_up.browser()
    browser.submit(browser.sign_in(browser.authorize(client_id="third")), decision="allow")
    decided = flow.step

    def overtaken(*arguments: object, **options: object):
        step = decided(*arguments, **options)
        if step is Step.ISSUE:
            # Somebody ends it between the decision and the grant.
            monkeypatch.setattr(flow, "step", decided)
            with signed_up.app.app_context():
                if ending == "consent":
                    consent.withdraw(person.id, "third", now=signed_up.at)
                elif ending == "person":
                    revocation.disable_user(person.id, now=signed_up.at)
                else:
                    revocation.of_user(person.id, reason="test", now=signed_up.at)
                db.session.commit()
        return step

    monkeypatch.setattr(flow, "step", overtaken)
    answer = answer_of(browser.authorize(client_id="third", prompt="none"))
    assert answer["error"] == ("consent_required" if ending == "consent" else "login_required")


def test_a_client_that_lost_a_scope_meanwhile_gets_no_code(signed_up: Provider) -> None:
    client = signed_up.client("third")
    browser = signed_up.browser()
    page = browser.authorize(client_id="third", scope="openid email")
    signed_up.do(registry.update, "third", replace(client, scope=("openid",)), now=signed_up.at)
    assert browser.sign_in(page).status_code == 400
