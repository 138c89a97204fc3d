from datetime import timedelta

import pytest

from app.core import clock
from app.identity import set_up, users
from app.identity.users import ADMIN
from tests.web.pages.visitor import PASSWORD, read

WHO = {
    "username": "root",
    "email": "root@example.com",
    "name": "",
    "password": PASSWORD,
    "password_again": PASSWORD,
}


@pytest.fixture
def link(app):
    with app.app_context():
        return f"/set-up?token={set_up.issue_token(clock.now())}"


def fill_in(browser, link, **fields):
    hidden = read(browser.get(link)).forms[0]["fields"]
    return browser.post("/set-up", {**hidden, **WHO, **fields})


def admins(app):
    with app.app_context():
        return [each.username for each in users.page(after=None, limit=9) if ADMIN in each.roles]


def test_the_link_makes_the_first_administrator_and_signs_them_in(app, browser, link):
    response = fill_in(browser, link)
    assert (response.status_code, response.location) == (303, "/console")
    assert browser.get("/console").status_code == 200
    assert admins(app) == ["root"]


def test_the_token_leaves_the_address_at_once(browser, link):
    page = read(browser.get(link))
    assert page.forms[0]["action"] == "/set-up"
    assert page.forms[0]["fields"]["token"] in link


def test_the_link_works_once(app, browser, make_browser, link):
    fill_in(browser, link)
    response = make_browser().get(link)
    assert response.status_code == 409
    assert "error-reference" in read(response).elements


def test_of_two_who_opened_the_link_the_second_is_refused(app, browser, make_browser, link):
    slow = make_browser()
    hidden = read(slow.get(link)).forms[0]["fields"]
    fill_in(browser, link)
    response = slow.post("/set-up", {**hidden, **WHO, "username": "second"})
    assert response.status_code == 409
    assert admins(app) == ["root"]


@pytest.mark.parametrize("token", ["", "AAAA", "x" * 500])
def test_a_token_that_is_not_ours_opens_nothing(browser, token):
    response = browser.get(f"/set-up?token={token}")
    assert response.status_code == 400
    assert "username" not in read(response).elements


def test_the_link_ends_after_an_hour(browser, link, later):
    later(timedelta(minutes=61))
    assert browser.get(link).status_code == 400


@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"password": "short", "password_again": "short"}, "password"),
        ({"password": "password1234567", "password_again": "password1234567"}, "password"),
        ({"password_again": "something else"}, "password_again"),
        ({"email": "no address"}, "email"),
        ({"username": ""}, "username"),
        ({"username": " root "}, "username"),
    ],
)
def test_what_is_not_acceptable_is_pointed_out(app, browser, link, fields, blamed):
    response = fill_in(browser, link, **fields)
    assert response.status_code == 400
    assert read(response).elements[blamed].get("aria-invalid") == "true"
    assert admins(app) == []
