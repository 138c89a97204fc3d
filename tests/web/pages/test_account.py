from dataclasses import replace

import pytest

from app.audit import events
from app.clients import registry
from app.clients.client import REGISTERED, Registration
from app.core import clock
from app.core.errors import UnavailableError
from app.identity import sessions, users
from app.protocol.interaction import consent
from app.tokens import grants
from tests.web.pages.visitor import PASSWORD, answer_of, read

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW = "eleven quiet lanterns at sea"
COOKIES = ("signet-session", "signet-device")


def live(app, person):
    with app.app_context():
        return {each.id for each in sessions.of_user(person.id, now=clock.now())}


def with_address(change, client, uri):
    """Change the address at which a sign-in of ``client`` starts."""
    known = Registration(**{name: getattr(client, name) for name in REGISTERED})
    change(registry.update, client.client_id, replace(known, initiate_login_uri=uri))


@pytest.fixture
def allowed(browser, ada, authorize):
    """Ada is signed in and has allowed the application something."""
    browser.sign_in("ada")
    browser.send(browser.get(authorize()).location, {"decision": "allow"})


@pytest.mark.parametrize("path", ["/account", "/account/password"])
def test_a_stranger_is_sent_to_sign_in_and_comes_back(browser, ada, path):
    response = browser.get(path)
    assert response.status_code == 303
    assert browser.sign_in("ada", path=response.location).location == path


def test_the_account_names_the_person_and_the_browser(make_browser, ada):
    browser = make_browser(**{"User-Agent": FIREFOX})
    browser.sign_in("ada")
    text = browser.get("/account").get_data(as_text=True)
    for part in ("Ada Lovelace", "ada@example.com", "Firefox on Linux", "this browser"):
        assert part in text


@pytest.mark.spec("ASVS 5.0", "7.5.2")
def test_another_session_is_ended_and_this_one_stays(app, browser, make_browser, ada):
    other = make_browser()
    other.sign_in("ada")
    (elsewhere,) = live(app, ada)
    browser.sign_in("ada")
    response = browser.send(f"/account/sessions/{elsewhere}/end", page="/account")
    assert response.location == "/account"
    assert other.get("/account").location.startswith("/login")
    assert browser.get("/account").status_code == 200


def test_ending_the_own_session_signs_out(app, browser, ada):
    browser.sign_in("ada")
    (own,) = live(app, ada)
    response = browser.send(f"/account/sessions/{own}/end", page="/account")
    assert "You are signed out" in response.get_data(as_text=True)
    assert browser.cookie("signet-session") is None
    assert live(app, ada) == set()


def test_nobody_ends_somebody_elses_session(app, browser, make_browser, ada, grace):
    make_browser().sign_in("grace")
    (foreign,) = live(app, grace)
    browser.sign_in("ada")
    assert browser.send(f"/account/sessions/{foreign}/end", page="/account").status_code == 404
    assert live(app, grace) == {foreign}


def test_withdrawing_ends_what_the_application_holds_and_asks_again(
    app, browser, ada, notes, authorize
):
    browser.sign_in("ada")
    allowed = browser.send(browser.get(authorize()).location, {"decision": "allow"})
    assert "code" in answer_of(allowed)
    assert "Acme Notes" in browser.get("/account").get_data(as_text=True)
    browser.send(f"/account/connections/{notes.client_id}/withdraw", page="/account")
    with app.app_context():
        assert consent.connections(ada.id) == []
        assert grants.client_counts(list(live(app, ada))) == {}
    assert browser.get(authorize()).location.startswith("/consent")


def test_withdrawing_what_was_never_allowed_is_nothing(browser, ada, notes):
    browser.sign_in("ada")
    path = f"/account/connections/{notes.client_id}/withdraw"
    assert browser.send(path, page="/account").status_code == 404


@pytest.mark.parametrize("path", ["/account/sessions/x/end", "/account/connections/x/withdraw"])
def test_a_button_without_our_token_does_nothing(browser, ada, path):
    browser.sign_in("ada")
    assert browser.post(path, {}).status_code == 400


def change_password(browser, current=PASSWORD, new=NEW, again=None):
    fields = {
        "current_password": current,
        "new_password": new,
        "new_password_again": new if again is None else again,
    }
    return browser.send("/account/password", fields)


@pytest.mark.spec("ASVS 5.0", "7.4.3")
def test_changing_the_password_ends_the_other_sessions(app, browser, make_browser, ada):
    other = make_browser()
    other.sign_in("ada")
    browser.sign_in("ada")
    assert change_password(browser).location == "/account"
    assert browser.get("/account").status_code == 200
    assert other.get("/account").location.startswith("/login")
    assert make_browser().sign_in("ada", NEW).status_code == 303
    assert make_browser().sign_in("ada", PASSWORD).status_code == 400


@pytest.mark.spec("ASVS 5.0", "7.2.4")
def test_changing_the_password_keeps_the_session_and_replaces_its_cookies(
    app, browser, make_browser, ada
):
    browser.sign_in("ada")
    before = {name: browser.cookie(name).value for name in COOKIES}
    (own,) = live(app, ada)
    change_password(browser)
    assert live(app, ada) == {own}
    assert all(browser.cookie(name).value != before[name] for name in COOKIES)
    thief = make_browser()
    thief.http.set_cookie("signet-session", before["signet-session"])
    assert thief.get("/account").location.startswith("/login")


def test_a_known_browser_stays_known_until_the_password_changes(browser, ada):
    browser.sign_in("ada")
    device = browser.cookie("signet-device").value
    browser.http.delete_cookie("signet-session")
    browser.sign_in("ada")
    assert browser.cookie("signet-device").value == device


@pytest.mark.spec("ASVS 5.0", "6.2.3")
def test_the_current_password_is_needed(browser, make_browser, ada):
    browser.sign_in("ada")
    response = change_password(browser, current="a guess at the old one")
    assert response.status_code == 400
    assert read(response).elements["current_password"]["aria-invalid"] == "true"
    assert make_browser().sign_in("ada", PASSWORD).status_code == 303


@pytest.mark.parametrize("new", ["too short", "password1234567", "ada@example.com!"])
def test_a_poor_new_password_is_pointed_out(browser, make_browser, ada, new):
    browser.sign_in("ada")
    response = change_password(browser, new=new)
    assert response.status_code == 400
    assert read(response).elements["new_password"]["aria-invalid"] == "true"
    assert make_browser().sign_in("ada", PASSWORD).status_code == 303


def test_two_new_passwords_that_differ_change_nothing(browser, ada):
    browser.sign_in("ada")
    response = change_password(browser, again="something else")
    assert read(response).elements["new_password_again"]["aria-invalid"] == "true"


def test_guessing_the_current_password_is_slowed_down_like_a_sign_in(browser, ada):
    browser.sign_in("ada")
    statuses = {change_password(browser, current="wrong").status_code for _ in range(9)}
    assert 429 in statuses


def test_a_busy_hasher_is_told_on_the_page(browser, ada, monkeypatch):
    browser.sign_in("ada")

    def full():
        raise UnavailableError(retry_after=3)

    monkeypatch.setattr("app.identity.passwords.slot", full)
    response = change_password(browser)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "3")


def test_a_person_who_is_disabled_is_out_at_once(change, browser, ada):
    browser.sign_in("ada")
    change(users.disable, ada.id)
    assert browser.get("/account").location.startswith("/login")


def test_what_people_do_to_their_own_account_is_recorded_as_their_doing(app, browser, ada):
    browser.sign_in("ada")
    change_password(browser)
    with app.app_context():
        (event,) = events.tail(kind="password.changed")
    assert (event.user_id, event.actor) == (ada.id, ada.id)


@pytest.mark.spec("OpenID Connect Core 1.0", "4")
@pytest.mark.usefixtures("allowed")
def test_an_application_that_can_be_started_is_told_who_sends_the_person_and_no_more(
    change, browser, notes
):
    start = "https://notes.example/start?from=account"
    with_address(change, notes, start)
    page = browser.get("/account").get_data(as_text=True)
    address = f"{start}&amp;iss=http%3A%2F%2F127.0.0.1%3A8000"
    assert f'href="{address}"' in page
    assert "login_hint" not in page


@pytest.mark.usefixtures("allowed")
def test_an_application_without_such_an_address_is_not_linked(browser):
    page = browser.get("/account").get_data(as_text=True)
    assert "Acme Notes" in page
    assert "Open Acme Notes" not in page


@pytest.mark.usefixtures("allowed")
def test_a_disabled_application_is_not_linked(change, browser, notes):
    start = "https://notes.example/start"
    with_address(change, notes, start)
    change(registry.disable, notes.client_id)
    assert start not in browser.get("/account").get_data(as_text=True)
