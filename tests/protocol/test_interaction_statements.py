"""What a sign-in and an authorization write: each statement more is paid by everybody who signs in."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from app.core.db import db
from tests.support.provider import Provider, answer_of


@contextmanager
def written(provider: Provider) -> Iterator[list[str]]:
    """Collect what is done to which table, such as ``INSERT grants``, while it lasts."""
    found: list[str] = []

    def see(_connection, _cursor, statement, *_):
        words = [word for word in statement.split() if word not in {"INTO", "FROM"}]
        if words[0] in {"INSERT", "UPDATE", "DELETE"}:
            found.append(f"{words[0]} {words[1]}")

    engine = provider.do(lambda: db.engine)
    event.listen(engine, "before_cursor_execute", see)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", see)


def test_a_sign_in_writes_person_counters_session_and_event_once(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    with written(signed_up) as found:
        assert "code" in answer_of(browser.sign_in(page))
    assert found == [
        "UPDATE users",
        "DELETE throttle_counters",
        "INSERT user_sessions",
        "INSERT audit_events",
        "UPDATE user_sessions",
        "INSERT grants",
        "INSERT audit_events",
    ]


def test_a_request_that_waits_for_a_person_writes_nothing(signed_up: Provider) -> None:
    with written(signed_up) as found:
        assert signed_up.browser().authorize().status_code == 200
    assert found == []


def test_a_signed_in_request_writes_session_grant_and_event_once(signed_up: Provider) -> None:
    browser = signed_up.browser()
    browser.code()
    with written(signed_up) as found:
        browser.code()
    assert found == ["UPDATE user_sessions", "INSERT grants", "INSERT audit_events"]
