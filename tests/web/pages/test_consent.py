import pytest
from sqlalchemy import update

from app.clients import registry
from app.core import clock, db
from app.models.clients import Client
from app.protocol.interaction import consent
from tests.web.pages.conftest import REDIRECT_URI
from tests.web.pages.visitor import answer_of, read


@pytest.fixture
def asked(browser, ada, authorize):
    """Return a function to the consent page for a request, as Ada."""
    browser.sign_in("ada")

    def page(**parameters):
        location = browser.get(authorize(**parameters)).location
        assert location.startswith("/consent?request="), location
        return location

    return page


def connections(app, person):
    with app.app_context():
        return consent.connections(person.id)


def test_the_page_says_who_asks_for_what_and_where_the_answer_goes(browser, asked):
    response = browser.get(asked(scope="openid email notes:read offline_access", resource=None))
    text = response.get_data(as_text=True)
    for part in ("Acme Notes", "See your email address", "notes.example", "Ada Lovelace"):
        assert part in text
    page = read(response)
    assert {"consent-allow", "consent-deny"} <= page.elements.keys()


def test_the_scopes_of_an_api_are_told_in_its_own_words(browser, asked):
    url = asked(scope="openid notes:read", resource="https://api.notes.example")
    text = browser.get(url).get_data(as_text=True)
    assert "Notes API" in text
    assert "Read your notes" in text


def test_allowing_is_remembered(app, browser, ada, asked, authorize):
    response = browser.send(asked(), {"decision": "allow"})
    assert response.location.startswith(REDIRECT_URI)
    assert "code" in answer_of(response)
    assert [each.client_name for each in connections(app, ada)] == ["Acme Notes"]
    assert "code" in answer_of(browser.get(authorize()))


def test_scopes_that_grow_are_asked_for_and_marked(browser, ada, asked):
    browser.send(asked(), {"decision": "allow"})
    text = browser.get(asked(scope="openid profile email")).get_data(as_text=True)
    assert text.count("badge-new") == 1


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_denying_tells_the_application_and_remembers_nothing(app, browser, ada, asked):
    answer = answer_of(browser.send(asked(), {"decision": "deny"}))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "s1"
    assert connections(app, ada) == []


def test_an_answer_without_our_token_allows_nothing(app, browser, ada, asked):
    url = asked()
    assert browser.post(url, {"decision": "allow"}).status_code == 400
    assert connections(app, ada) == []


def test_an_answer_that_is_neither_allows_nothing(app, browser, ada, asked):
    assert browser.send(asked(), {"decision": "perhaps"}).status_code == 400
    assert connections(app, ada) == []


def test_nobody_answers_for_whoever_has_signed_out(browser, ada, asked):
    url = asked()
    token = browser.token(url)
    browser.http.delete_cookie("signet-session")
    response = browser.post(url, {"decision": "allow", "csrf_token": token})
    assert browser.get(response.location).location.startswith("/login?request=")


def test_an_answer_given_for_another_person_does_not_count(app, browser, ada, grace, asked):
    url = asked()
    token = browser.token(url)
    browser.sign_in("grace", path=url.replace("/consent", "/login") + "&switch=1")
    assert browser.post(url, {"decision": "allow", "csrf_token": token}).status_code == 400
    assert connections(app, grace) == []


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_select_account_asks_and_goes_on_with_the_one_chosen(browser, ada, asked, authorize):
    browser.send(asked(), {"decision": "allow"})
    page = browser.get(authorize(prompt="select_account")).location
    assert page.startswith("/select-account?request=")
    assert "account-continue" in read(browser.get(page)).elements
    response = browser.send(page, {"choice": "continue"})
    assert response.location.startswith(REDIRECT_URI)
    assert "code" in answer_of(response)


def test_another_account_can_be_chosen(browser, ada, grace, asked, authorize):
    page = browser.get(authorize(prompt="select_account")).location
    login = browser.send(page, {"choice": "other"}).location
    assert browser.sign_in("grace", path=login).location.startswith("/consent?request=")


def test_a_choice_that_is_none_shows_the_page_again(browser, ada, asked, authorize):
    page = browser.get(authorize(prompt="select_account")).location
    assert browser.send(page, {"choice": "?"}).status_code == 400


@pytest.mark.spec("RFC 7591", "5")
@pytest.mark.spec("ASVS 5.0", "10.4.7")
def test_an_application_that_registered_itself_is_not_vouched_for(app, browser, asked, notes):
    with app.app_context():
        db.db.session.execute(update(Client).values(is_dynamic=True))
        db.db.session.commit()
        registry.note_use(registry.fresh(notes.client_id), now=clock.now())
        db.db.session.commit()
    response = browser.get(asked())
    assert "consent-unvouched" in read(response).elements
    text = response.get_data(as_text=True)
    assert "nobody here has vouched for it" in text
    assert text.count("notes.example") >= 2


def test_an_application_of_the_operator_bears_no_such_warning(browser, asked):
    assert "consent-unvouched" not in read(browser.get(asked())).elements
