"""Signing out: who may ask, who is asked, and where it ends."""

from urllib.parse import urlencode

import pytest

from tests.support.provider import Provider, answer_of

BYE = "https://app.example/bye?keep=1"


@pytest.fixture
def leaving(provider: Provider) -> Provider:
    provider.user()
    provider.client(post_logout_redirect_uris=(BYE,))
    return provider


def end(browser, **parameters: str):
    return browser.get(f"/end_session?{urlencode(parameters)}")


def is_signed_in(browser) -> bool:
    answer = answer_of(browser.authorize(prompt="none"))
    assert answer.get("error") in {None, "login_required"}
    return "code" in answer


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2")
def test_a_hint_for_this_session_signs_out_and_returns(leaving: Provider) -> None:
    browser = leaving.browser()
    tokens = leaving.redeem(browser.code()).json
    leaving.pass_time(hours=1)
    answer = end(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s&1"
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == BYE + "&state=s%261"
    assert not is_signed_in(browser)
    assert leaving.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "3")
def test_state_is_absent_if_none_was_sent(leaving: Provider) -> None:
    browser = leaving.browser()
    hint = leaving.redeem(browser.code()).json["id_token"]
    answer = end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["Location"] == BYE


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2")
def test_without_a_hint_the_person_is_asked_and_nothing_redirects(leaving: Provider) -> None:
    browser = leaving.browser()
    browser.code()
    page = end(browser, client_id="app", post_logout_redirect_uri=BYE)
    assert 'id="logout-confirm"' in page.text
    assert is_signed_in(browser)
    done = browser.submit(page)
    assert done.status_code == 200
    assert BYE.replace("&", "&amp;") in done.text
    assert not is_signed_in(browser)
    assert done.headers["Clear-Site-Data"]


@pytest.mark.spec("ASVS 5.0", "10.6.2")
def test_a_hint_of_another_person_is_asked_about(leaving: Provider) -> None:
    leaving.user("grace")
    other = leaving.browser()
    code = answer_of(other.sign_in(other.authorize(), "grace"))["code"]
    hint = leaving.redeem(code).json["id_token"]
    browser = leaving.browser()
    browser.code()
    page = end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert 'id="logout-confirm"' in page.text
    assert is_signed_in(browser)
    assert browser.submit(page).headers["Location"] == BYE


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "4")
@pytest.mark.parametrize(
    "bad",
    [
        {"post_logout_redirect_uri": "https://evil.example/"},
        {"post_logout_redirect_uri": BYE + "&x=1"},
        {"client_id": "nobody"},
        {"client_id": "other"},
    ],
)
def test_what_is_not_registered_ends_on_a_page_and_signs_nobody_out(
    leaving: Provider, bad: dict[str, str]
) -> None:
    leaving.client("other")
    browser = leaving.browser()
    hint = leaving.redeem(browser.code()).json["id_token"]
    page = end(browser, **{"id_token_hint": hint, "post_logout_redirect_uri": BYE, **bad})
    assert page.status_code == 400
    assert 'id="error-reference"' in page.text
    assert is_signed_in(browser)


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "4")
def test_a_uri_without_anybody_to_own_it_is_refused(leaving: Provider) -> None:
    assert end(leaving.browser(), post_logout_redirect_uri=BYE).status_code == 400


@pytest.mark.spec("ASVS 5.0", "9.2.2")
def test_an_access_token_is_no_hint(leaving: Provider) -> None:
    browser = leaving.browser()
    token = leaving.redeem(browser.code()).json["access_token"]
    for hint in (token, "a.b.c"):
        page = end(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert 'id="logout-confirm"' in page.text
        assert is_signed_in(browser)
    # The hint proved nothing, so the confirmation leads nowhere.
    assert browser.submit(page).status_code == 200


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2")
def test_a_person_without_a_session_is_simply_sent_on(leaving: Provider) -> None:
    browser = leaving.browser()
    hint = leaving.redeem(browser.code()).json["id_token"]
    stranger = leaving.browser()
    answer = end(stranger, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["Location"] == BYE
    assert is_signed_in(browser)
    assert end(stranger).status_code == 200


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2")
def test_a_post_means_the_same_as_a_get(leaving: Provider) -> None:
    browser = leaving.browser()
    hint = leaving.redeem(browser.code()).json["id_token"]
    form = {"id_token_hint": hint, "post_logout_redirect_uri": BYE}
    answer = browser.http.post("/end_session", data=form)
    assert answer.headers["Location"] == BYE
    assert not is_signed_in(browser)


@pytest.mark.spec("ASVS 5.0", "3.5.1")
def test_a_confirmation_needs_our_token_and_our_request(leaving: Provider) -> None:
    browser = leaving.browser()
    browser.code()
    page = browser.get("/end_session")
    assert browser.submit(page, csrf_token="forged").status_code == 400
    assert browser.submit(page, request="forged").status_code == 400
    assert is_signed_in(browser)


@pytest.mark.spec("ASVS 5.0", "7.4.1")
def test_the_cookie_of_an_ended_session_is_worth_nothing(leaving: Provider) -> None:
    browser = leaving.browser()
    browser.code()
    kept = browser.http.get_cookie("signet-session").value
    browser.submit(browser.get("/end_session"))
    browser.http.set_cookie("signet-session", kept)
    assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"


def test_a_button_pressed_twice_and_a_link_without_a_session_do_no_harm(leaving: Provider) -> None:
    browser = leaving.browser()
    browser.code()
    page = browser.get("/end_session")
    assert browser.submit(page).status_code == 200
    assert browser.submit(page).status_code == 200
    login = browser.authorize()
    assert end(browser).status_code == 200
    assert "code" in answer_of(browser.sign_in(login))


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2")
def test_ui_locales_and_unknown_parameters_are_welcome(leaving: Provider) -> None:
    browser = leaving.browser()
    browser.code()
    page = end(browser, ui_locales="de", logout_hint="ada", state="only")
    assert '<html lang="de"' in page.text
