"""What the plain flow asks the database: what is not used costs no statement."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import event

from app.core import reading, writing
from app.core.db import db
from tests.identity.installation import with_settings
from tests.support.provider import Provider, answer_of

# Statements of each step, SELECTs included, as they were before any of the optional features existed.
# Whoever makes one of these more has to say what for.
PLAIN = {
    "authorization": 4,
    "code exchange": 2,
    "refresh": 2,
    "client_credentials": 0,
    "introspection": 1,
    "userinfo": 1,
    # Who it is, twice whether they must wait, and what a sign-in and its grant write.
    "sign-in": 10,
    "sign-out": 6,
}
# Who has to be told of the sign-out: one question for each of the two ways.
NOTICES = 2


@contextmanager
def asked(provider: Provider) -> Iterator[list[str]]:
    """Collect the statements, in a session or beside one, while it lasts."""
    found: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    def seen(kind: type[Any]) -> Callable[..., Any]:
        ask = kind.on

        def on(self: Any, connection: Any, prepared: Any, values: Any) -> Any:
            found.append(prepared.text)
            return ask(self, connection, prepared, values)

        return on

    engine = provider.do(lambda: db.engine)
    event.listen(engine, "before_cursor_execute", see)
    try:
        with ExitStack() as stack:
            for kind in (reading.Query, writing.Change):
                stack.enter_context(mock.patch.object(kind, "on", seen(kind)))
            yield found
    finally:
        event.remove(engine, "before_cursor_execute", see)


@pytest.fixture
def steps(signed_up: Provider) -> dict[str, Callable[[], Any]]:
    """Name the steps; each has been gone once, so that nothing is read for the first time."""
    provider = signed_up
    provider.client("machine", grant_types=("client_credentials",))
    browser = provider.browser()
    scope = "openid email offline_access"
    browser.code(scope=scope)
    tokens = provider.redeem(browser.code(scope=scope)).json
    codes = [browser.code(scope=scope) for _ in range(2)]
    held = {"refresh_token": tokens["refresh_token"]}

    def refresh() -> None:
        answer = provider.refresh(held["refresh_token"])
        assert answer.status_code == 200
        held["refresh_token"] = answer.json["refresh_token"]

    def answers(status: int) -> None:
        assert status == 200

    def sign_in() -> None:
        new = provider.browser()
        assert "code" in answer_of(new.sign_in(new.authorize(scope=scope)))

    found: dict[str, Callable[[], Any]] = {
        "sign-in": sign_in,
        "authorization": lambda: answer_of(browser.authorize(scope=scope))["code"],
        "code exchange": lambda: answers(provider.redeem(codes.pop()).status_code),
        "refresh": refresh,
        "client_credentials": lambda: answers(
            provider.token("machine", grant_type="client_credentials").status_code
        ),
        "introspection": lambda: provider.introspect(tokens["access_token"]),
        "userinfo": lambda: answers(provider.userinfo(tokens["access_token"]).status_code),
    }
    for step in found.values():
        step()
    found["sign-out"] = lambda: browser.http.get(
        "/end_session", query_string={"id_token_hint": tokens["id_token"]}
    )
    return found


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_step_asks_no_more_than_it_did_without_what_is_optional(
    signed_up: Provider, steps: dict[str, Callable[[], Any]], name: str
) -> None:
    with_settings(signed_up.app, "logout", back_channel=False, front_channel=False)
    with asked(signed_up) as found:
        steps[name]()
    assert len(found) == PLAIN[name], "\n".join(found)


def test_a_sign_out_asks_once_for_each_kind_of_notice(
    signed_up: Provider, steps: dict[str, Callable[[], Any]]
) -> None:
    with asked(signed_up) as found:
        steps["sign-out"]()
    assert len(found) == PLAIN["sign-out"] + NOTICES, "\n".join(found)


def test_a_client_that_wants_no_notice_is_not_remembered_with_the_session(
    signed_up: Provider, steps: dict[str, Callable[[], Any]]
) -> None:
    with asked(signed_up) as found:
        steps["authorization"]()
    assert [each for each in found if "session_clients" in each or "pushed_requests" in each] == []


def test_most_refreshes_leave_every_index_as_it_is(
    signed_up: Provider, steps: dict[str, Callable[[], Any]]
) -> None:
    steps["refresh"]()
    with asked(signed_up) as soon:
        steps["refresh"]()
    signed_up.pass_time(days=1)
    with asked(signed_up) as later:
        steps["refresh"]()
    assert "expires_at=" not in soon[-1].partition("WHERE")[0].replace(" ", "")
    assert "expires_at=" in later[-1].partition("WHERE")[0].replace(" ", "")
