from datetime import timedelta

import pytest
import structlog
from sqlalchemy import text

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core.context import Caller, set_caller
from app.core.db import db
from tests.identity.installation import NOW

pytestmark = pytest.mark.usefixtures("app_context")


def record(count, kind=Kind.SIGN_IN, **subjects):
    for number in range(count):
        at = NOW + timedelta(seconds=number)
        events.record(kind, now=at, about=Subjects(**subjects), detail={"number": number})
    db.session.commit()


@pytest.mark.spec("ASVS 5.0", "16.2.1")
def test_an_event_says_when_who_what_and_from_where():
    set_caller(Caller(request_id="r1", address="2001:db8::1", actor="admin-id"))
    about = Subjects("u", "c", "s", "g")
    events.record(
        Kind.GRANT_REVOKED, now=NOW, about=about, reference="7KQ2-MFX9", detail={"reason": "reuse"}
    )
    [event] = events.tail()
    assert event.at == NOW
    assert (event.kind, event.outcome) == ("grant.revoked", "success")
    assert (event.user_id, event.client_id, event.session_id, event.grant_id) == (
        "u",
        "c",
        "s",
        "g",
    )
    assert (event.address, event.request_id, event.actor) == ("2001:db8::1", "r1", "admin-id")
    assert (event.reference, event.detail) == ("7KQ2-MFX9", {"reason": "reuse"})


def test_an_event_is_logged_under_its_own_name():
    with structlog.testing.capture_logs() as lines:
        events.record(Kind.CODE_REUSED, now=NOW, about=Subjects(client_id="c"), outcome="refused")
    [line] = lines
    assert line["event"] == "authorization_code.reused"
    assert (line["client_id"], line["outcome"]) == ("c", "refused")
    assert "user_id" not in line


def test_an_event_is_undone_with_the_change_it_tells_of():
    record(1)
    events.record(Kind.USER_CREATED, now=NOW)
    db.session.rollback()
    assert [event.kind for event in events.tail()] == ["sign_in"]


def test_the_newest_come_first_and_paging_goes_back():
    record(5)
    first = events.tail(limit=2)
    assert [event.detail["number"] for event in first] == [4, 3]
    rest = events.tail(limit=10, before_id=first[-1].id)
    assert [event.detail["number"] for event in rest] == [2, 1, 0]


def test_a_reader_who_follows_misses_none():
    record(5)
    oldest = events.tail()[-1].id
    seen = []
    while batch := events.tail(limit=2, after_id=seen[-1].id if seen else oldest):
        seen += batch[::-1]
    assert [event.detail["number"] for event in seen] == [1, 2, 3, 4]


def test_events_are_found_by_kind_user_and_client():
    record(1, Kind.SIGN_IN, user_id="ada")
    record(1, Kind.SIGN_OUT, user_id="ada", client_id="shop")
    record(1, Kind.SIGN_IN, user_id="bob")
    assert len(events.tail(kind="sign_in")) == 2
    assert len(events.tail(user_id="ada")) == 2
    assert [event.kind for event in events.tail(client_id="shop")] == ["sign_out"]
    assert events.tail(kind="sign_in", client_id="shop") == []


def test_purging_takes_the_old_ones_in_batches_and_no_others():
    record(5)
    edge = NOW + timedelta(seconds=3)
    assert events.purge(edge, batch=2) == 2
    assert events.purge(edge, batch=2) == 1
    assert events.purge(edge, batch=2) == 0
    assert [event.detail["number"] for event in events.tail()] == [4, 3]


def test_an_actor_longer_than_the_column_is_cut_not_refused():
    set_caller(Caller(actor="a" * 500))
    events.record(Kind.SIGN_IN, now=NOW)
    assert len(events.tail()[0].actor) == 128


def test_the_record_outlives_what_it_speaks_of():
    # No foreign key: an event about somebody who never was can be written.
    record(1, user_id="nobody")
    assert db.session.execute(text("SELECT count(*) FROM audit_events")).scalar() == 1
