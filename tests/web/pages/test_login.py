import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from app.core import clock, db
from app.core.errors import UnavailableError
from app.identity import sessions, users
from tests.web.pages.conftest import REDIRECT_URI
from tests.web.pages.visitor import PASSWORD, answer_of, read

SESSION = "signet-session"


def blob_page(browser, address):
    """Follow an authorization request to the page that it waits on."""
    response = browser.get(address)
    assert response.status_code == 303
    return response.location


def live_sessions(app, person):
    with app.app_context():
        return sessions.of_user(person.id, now=clock.now())


def test_the_page_has_the_promised_ids_and_completion_hints(browser):
    page = read(browser.get("/login"))
    assert page.elements["username"]["autocomplete"] == "username"
    assert page.elements["password"]["autocomplete"] == "current-password"
    assert "login-submit" in page.elements


@pytest.mark.parametrize("login", ["ada", "ADA", "ada@example.com"])
def test_a_person_signs_in_by_user_name_or_email(browser, ada, login):
    response = browser.sign_in(login)
    assert (response.status_code, response.location) == (303, "/account")
    assert "Ada Lovelace" in browser.get("/account").get_data(as_text=True)


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(browser, ada):
    header = "; ".join(browser.sign_in("ada").headers.getlist("Set-Cookie"))
    session = re.search(rf"{SESSION}=[^;]+;([^,]*?Lax)", header)[1]
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session


@pytest.mark.spec("ASVS 5.0", "3.3.1")
def test_over_https_cookies_have_the_host_prefix_and_are_secure(make_app):
    app = make_app(ISSUER="https://id.example")
    with app.app_context():
        users.create(users.NewUser(username="ada", password=PASSWORD), now=clock.now())
        db.db.session.commit()
    http = app.test_client()
    page = http.get("/login", base_url="https://id.example")
    token = read(page).forms[0]["fields"]["csrf_token"]
    response = http.post(
        "/login",
        data={"username": "ada", "password": PASSWORD, "csrf_token": token},
        base_url="https://id.example",
    )
    set_cookies = page.headers.getlist("Set-Cookie") + response.headers.getlist("Set-Cookie")
    assert {each.split("=")[0] for each in set_cookies} == {
        "__Host-signet-form",
        "__Host-signet-session",
        "__Host-signet-device",
    }
    for each in set_cookies:
        assert "Secure" in each
        assert "HttpOnly" in each
        assert "Path=/" in each
        assert "Domain" not in each


@pytest.mark.spec("ASVS 5.0", "6.3.8")
def test_a_wrong_password_and_an_unknown_name_read_the_same(browser, make_browser, ada):
    wrong = browser.sign_in("ada", "not the password at all")
    unknown = make_browser().sign_in("nobody", "not the password at all")
    assert wrong.status_code == unknown.status_code == 400

    def words(response):
        text = response.get_data(as_text=True)
        return re.sub(r'value="[^"]*"', "", text)

    assert words(wrong) == words(unknown)
    assert "do not match" in words(wrong)


def test_what_was_typed_as_a_password_is_never_sent_back(browser, ada):
    assert "hunter2hunter2" not in browser.sign_in("ada", "hunter2hunter2").get_data(as_text=True)


def test_an_empty_form_points_at_its_fields(browser):
    response = browser.send("/login", {"username": "", "password": ""})
    assert response.status_code == 400
    page = read(response)
    assert page.elements["username"]["aria-invalid"] == "true"
    assert "password-error" in page.elements["password"]["aria-describedby"]


def test_too_many_failures_ask_for_patience_on_the_page(browser, ada):
    for _ in range(8):
        response = browser.sign_in("ada", "wrong")
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1
    assert "retry-after" in read(response).elements


def test_a_busy_hasher_asks_for_patience_on_the_page(browser, ada, monkeypatch):
    def full():
        raise UnavailableError(retry_after=7)

    monkeypatch.setattr("app.identity.passwords.slot", full)
    response = browser.sign_in("ada")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
    assert "login-submit" in read(response).elements


@pytest.mark.spec("ASVS 5.0", "7.2.4")
def test_signing_in_again_gives_a_new_session_and_ends_the_old(app, browser, ada, later):
    browser.sign_in("ada")
    first = browser.cookie(SESSION).value
    later(timedelta(minutes=40))
    assert browser.sign_in("ada", path="/login?confirm=1&next=/account").status_code == 303
    second = browser.cookie(SESSION).value
    assert first != second
    assert len(live_sessions(app, ada)) == 1
    browser.http.set_cookie(SESSION, first)
    assert browser.get("/account").status_code == 303


def test_a_token_from_before_the_sign_in_is_worth_nothing_after_it(browser, ada):
    before = browser.token("/login")
    browser.sign_in("ada")
    response = browser.post("/account/sessions/x/end", {"csrf_token": before})
    assert response.status_code == 400
    assert "error-reference" in read(response).elements


@pytest.mark.spec("ASVS 5.0", "3.5.1")
@pytest.mark.parametrize("token", [None, "", "x.y.z"])
def test_a_form_without_our_token_signs_nobody_in(app, browser, ada, token):
    browser.get("/login")
    fields = {"username": "ada", "password": PASSWORD}
    response = browser.post("/login", fields if token is None else {**fields, "csrf_token": token})
    assert response.status_code == 400
    assert "error-reference" in read(response).elements
    assert live_sessions(app, ada) == []


def test_another_browsers_token_signs_nobody_in(app, browser, make_browser, ada):
    token = make_browser().token("/login")
    browser.get("/login")
    fields = {"username": "ada", "password": PASSWORD, "csrf_token": token}
    assert browser.post("/login", fields).status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_that_the_browser_says_came_from_elsewhere_is_refused(app, browser, ada, site):
    token = browser.token("/login")
    fields = {"username": "ada", "password": PASSWORD, "csrf_token": token}
    assert browser.post("/login", fields, **{"Sec-Fetch-Site": site}).status_code == 400
    assert browser.post("/login", fields, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/console", "/console"),
        ("/account/password", "/account/password"),
        ("https://evil.example/account", "/account"),
        ("//evil.example/account", "/account"),
        ("/\\evil.example", "/account"),
        ("/accountant", "/account"),
        ("/account/../authorize", "/account"),
        ("/account//evil.example", "/account"),
        ("/account\n/x", "/account"),
        ("/authorize?client_id=x", "/account"),
    ],
)
@pytest.mark.spec("ASVS 5.0", "3.7.2")
def test_next_leads_to_our_own_areas_alone(browser, ada, asked, reached):
    response = browser.sign_in("ada", path=f"/login?next={quote(asked, safe='')}")
    assert response.location == reached


def test_whoever_is_signed_in_is_not_asked_again(browser, ada):
    browser.sign_in("ada")
    assert browser.get("/login").location == "/account"


def test_a_form_sent_by_whoever_is_signed_in_already_is_not_evaluated(app, browser, ada, grace):
    other_tab = browser.token("/login")
    browser.sign_in("ada")
    fields = {"username": "grace", "password": PASSWORD, "csrf_token": other_tab}
    assert browser.post("/login", fields).location == "/account"
    assert live_sessions(app, grace) == []


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "2")
def test_the_page_says_which_application_asks(browser, authorize):
    text = browser.get(blob_page(browser, authorize())).get_data(as_text=True)
    assert "Acme Notes" in text
    assert "https://notes.example/privacy" in text


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_a_login_hint_fills_in_the_name(browser, authorize):
    page = read(browser.get(blob_page(browser, authorize(login_hint="ada@example.com"))))
    assert page.elements["username"]["value"] == "ada@example.com"


def test_signing_in_leads_straight_to_the_page_that_is_still_missing(browser, ada, authorize):
    response = browser.sign_in("ada", path=blob_page(browser, authorize()))
    assert response.status_code == 303
    assert response.location.startswith("/consent?request=")
    assert "consent-allow" in read(browser.get(response.location)).elements


def test_a_new_browser_is_given_its_form_cookie_once_on_the_way_to_the_page(browser, authorize):
    response = browser.get(authorize())
    assert [each.split("=")[0] for each in response.headers.getlist("Set-Cookie")] == [
        "signet-form"
    ]
    assert browser.get(response.location).headers.getlist("Set-Cookie") == []


def test_a_request_begun_in_another_browser_is_refused(browser, make_browser, authorize):
    page = blob_page(browser, authorize())
    response = make_browser().get(page)
    assert response.status_code == 400
    assert "error-reference" in read(response).elements


def test_the_page_may_send_its_form_on_to_the_application(browser, authorize):
    response = browser.get(blob_page(browser, authorize()))
    policy = response.headers["Content-Security-Policy"]
    # The application's callback may send people on: where to is its own business, as long as it is https.
    assert "form-action 'self' https:" in policy


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_prompt_login_asks_the_same_person_to_confirm(browser, ada, authorize):
    browser.sign_in("ada")
    page_url = blob_page(browser, authorize(prompt="login"))
    page = read(browser.get(page_url))
    assert page.elements["username"]["value"] == "ada"
    assert "readonly" in page.elements["username"]
    assert browser.sign_in("ada", path=page_url).location.startswith("/consent?request=")


def test_a_confirmation_is_for_the_name_on_the_page_whatever_is_sent(
    app, browser, ada, grace, authorize
):
    browser.sign_in("ada")
    browser.sign_in("grace", path=blob_page(browser, authorize(prompt="login")))
    assert live_sessions(app, grace) == []


def test_somebody_else_may_sign_in_instead_and_ends_the_first_persons_session(
    app, browser, ada, grace, authorize
):
    browser.sign_in("ada")
    page_url = blob_page(browser, authorize(prompt="login"))
    page = read(browser.get(f"{page_url}&switch=1"))
    assert "readonly" not in page.elements["username"]
    response = browser.sign_in("grace", path=f"{page_url}&switch=1")
    assert response.location.startswith("/consent?request=")
    assert live_sessions(app, ada) == []
    assert len(live_sessions(app, grace)) == 1


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_the_page_speaks_the_language_that_the_application_asks_for(browser, authorize):
    page = browser.get(blob_page(browser, authorize(ui_locales="fr de-AT en")))
    assert read(page).lang == "de"


def test_the_page_speaks_the_language_of_the_browser(make_browser):
    assert read(make_browser(**{"Accept-Language": "de-CH, en;q=0.5"}).get("/login")).lang == "de"
    assert read(make_browser(**{"Accept-Language": "fr"}).get("/login")).lang == "en"


def test_a_code_comes_after_sign_in_and_consent(browser, ada, authorize):
    consent = browser.sign_in("ada", path=blob_page(browser, authorize())).location
    allowed = browser.send(consent, {"decision": "allow"})
    assert allowed.location.startswith(REDIRECT_URI)
    answer = answer_of(allowed)
    assert answer["state"] == "s1"
    assert answer["code"]


@pytest.mark.parametrize(
    "query",
    ["_external=1&_scheme=javascript", "_anchor=x", "endpoint=x", "_method=POST", "a=b&values=1"],
)
def test_the_forms_address_is_ours_whatever_the_query_says(browser, query):
    page = read(browser.get(f"/login?{query}"))
    assert page.forms[0]["action"] == "/login"


@pytest.mark.parametrize("path", ["/login", "/account", "/console", "/set-up?token=x", "/consent"])
def test_a_head_is_answered_as_a_get(browser, path):
    assert browser.http.head(path).status_code == browser.get(path).status_code
