"""Revocation is immediate: the very next request, on whichever worker, refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.support import cast, flows

pytestmark = [pytest.mark.server]

_CONNECTIONS = 12


@pytest.fixture
def held(server, browser, relying_party):
    """What an application holds of a person who is signed in."""
    application = cast.new_application(server, relying_party.redirect_uri)
    person = cast.person(server)
    tokens = flows.tokens_of(
        server, application, browser, person, scope="openid email offline_access"
    )
    return Held(server, application, person, tokens)


class Held:
    def __init__(self, server, application, person, tokens):
        self.server, self.application, self.person, self.tokens = (
            server, application, person, tokens,
        )  # fmt: skip

    def assert_ended_by(self, action: Callable[[], object]) -> None:
        """Every one of many connections is refused as soon as ``action`` has returned."""
        sessions = [requests.Session() for _ in range(_CONNECTIONS)]
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            try:
                assert set(pool.map(self._userinfo, sessions)) == {200}
                action()
                assert set(pool.map(self._userinfo, sessions)) == {401}
                assert set(pool.map(self._introspected, sessions)) <= {"inactive", "invalid_client"}
                assert set(pool.map(self._refresh, sessions)) <= {"invalid_grant", "invalid_client"}
            finally:
                for session in sessions:
                    session.close()

    def _userinfo(self, session: requests.Session) -> int:
        token = self.tokens["access_token"]
        return flows.userinfo(self.server, token, session=session).status_code

    def _introspected(self, session: requests.Session) -> str:
        answer = flows.post(
            self.server, "/introspect", self.application,
            {"token": self.tokens["access_token"]}, session=session,
        ).json()  # fmt: skip
        return answer.get("error") or ("active" if answer["active"] else "inactive")

    def _refresh(self, session: requests.Session) -> str:
        form = {"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"]}
        answer = flows.token(self.server, self.application, form, session=session)
        return answer.json().get("error", "served")


@pytest.mark.spec("RFC 7009", "2.1")
def test_a_revoked_refresh_token_takes_the_access_token_with_it(server, held):
    form = {"token": held.tokens["refresh_token"]}
    held.assert_ended_by(lambda: flows.post(server, "/revoke", held.application, form))


@pytest.mark.spec("RFC 7009", "2.1")
def test_a_revoked_access_token_is_refused_and_the_sign_in_goes_on(server, held):
    form = {"token": held.tokens["access_token"]}

    assert flows.post(server, "/revoke", held.application, form).status_code == 200

    assert {
        flows.userinfo(server, held.tokens["access_token"]).status_code for _ in range(_CONNECTIONS)
    } == {401}
    refresh = {"grant_type": "refresh_token", "refresh_token": held.tokens["refresh_token"]}
    assert flows.token(server, held.application, refresh).status_code == 200


def test_everything_a_person_holds_ends_by_one_command(server, held):
    held.assert_ended_by(lambda: server.cli("users", "revoke", held.person.username))


def test_a_disabled_person_holds_nothing_any_more(server, held, browser):
    held.assert_ended_by(lambda: server.cli("users", "disable", held.person.username))

    assert browser.open("/account").has("login-submit")


def test_a_revoked_client_holds_nothing_any_more(server, held):
    client_id = held.application.client_id
    held.assert_ended_by(lambda: server.cli("clients", "revoke", client_id))


def test_a_disabled_client_holds_nothing_any_more(server, held):
    client_id = held.application.client_id
    held.assert_ended_by(lambda: server.cli("clients", "disable", client_id))


def test_a_deleted_client_holds_nothing_any_more(server, held):
    client_id = held.application.client_id
    held.assert_ended_by(lambda: server.cli("clients", "delete", client_id))


def test_a_session_revoked_by_the_operator_ends_in_the_browser_at_once(server, held, browser):
    (session,) = server.cli("sessions", "list", "--user", held.person.username)
    assert browser.open("/account").status == 200

    server.cli("sessions", "revoke", session["id"])

    assert browser.open("/account").has("login-submit")


def test_a_sign_in_without_offline_access_ends_with_its_session(server, browser, relying_party):
    application = cast.application(server, relying_party.redirect_uri)
    person = cast.person(server)
    tokens = flows.tokens_of(server, application, browser, person)
    (session,) = server.cli("sessions", "list", "--user", person.username)
    assert flows.userinfo(server, tokens["access_token"]).status_code == 200

    server.cli("sessions", "revoke", session["id"])

    assert {
        flows.userinfo(server, tokens["access_token"]).status_code for _ in range(_CONNECTIONS)
    } == {401}


def test_a_withdrawn_connection_ends_what_the_application_holds(server, held, browser):
    def withdraw():
        page = browser.open("/account")
        path = f"/account/connections/{held.application.client_id}/withdraw"
        assert browser.send(page.form_to(path)).status == 200

    held.assert_ended_by(withdraw)
