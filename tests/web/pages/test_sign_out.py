import pytest

from app.core import clock
from app.identity import sessions
from tests.web.pages.visitor import read


def test_signing_out_is_confirmed_and_ends_the_session(app, browser, ada):
    browser.sign_in("ada")
    page = browser.get("/end_session")
    assert "logout-confirm" in read(page).elements
    response = browser.send("/end_session", read(page).forms[0]["fields"])
    assert response.status_code == 200
    assert "You are signed out" in response.get_data(as_text=True)
    assert browser.get("/account").location.startswith("/login")
    with app.app_context():
        assert sessions.of_user(ada.id, now=clock.now()) == []


@pytest.mark.spec("ASVS 5.0", "14.3.1")
def test_signing_out_clears_what_the_browser_kept_but_not_what_is_pending(browser, ada):
    browser.sign_in("ada")
    response = browser.send("/end_session", read(browser.get("/end_session")).forms[0]["fields"])
    assert response.headers["Clear-Site-Data"] == '"storage"'
    assert browser.cookie("signet-session") is None
    assert browser.cookie("signet-device") is not None


def test_a_sign_in_begun_in_another_tab_survives_signing_out(browser, ada, authorize):
    browser.sign_in("ada")
    waiting = browser.get(authorize(prompt="login")).location
    browser.send("/end_session", read(browser.get("/end_session")).forms[0]["fields"])
    assert browser.sign_in("ada", path=waiting).location.startswith("/consent?request=")
