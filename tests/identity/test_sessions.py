from datetime import timedelta

import pytest
from sqlalchemy import text

from app.audit import events
from app.core.db import db
from app.core.root_key import RootKey, RootKeys
from app.identity import sessions, users
from app.identity.authentication import Authenticated
from app.identity.users import NewUser
from tests.identity.installation import NOW, as_caller, with_settings

pytestmark = pytest.mark.usefixtures("app_context")

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
IDLE = 12 * HOUR
ABSOLUTE = timedelta(days=7)


@pytest.fixture
def ada(app_context):
    return users.create(NewUser("ada"), now=NOW)


def start(person, *, at=NOW, replaces=None):
    proof = Authenticated(person.id, "urn:signet:acr:1fa", ("pwd",), at, None)
    begun = sessions.start(proof, replaces=replaces, now=at)
    db.session.commit()
    return begun


def test_a_session_is_who_signed_in_how_when_and_from_where(ada):
    as_caller("192.0.2.7", agent="Browser " * 100)
    session, cookie = start(ada)
    assert session == sessions.current(cookie, now=NOW) == sessions.get(session.id)
    assert (session.user_id, session.auth_time, session.amr) == (ada.id, NOW, ("pwd",))
    assert (session.acr, session.address) == ("urn:signet:acr:1fa", "192.0.2.7")
    assert len(session.agent) == 256
    assert (session.created_at, session.last_seen_at, session.ended_at) == (NOW, NOW, None)


@pytest.mark.spec("ASVS 5.0", "7.2.3")
def test_a_cookie_is_unguessable_and_the_table_holds_none(ada):
    _, cookie = start(ada)
    assert cookie.startswith("sgs_")
    [row] = db.session.execute(text("SELECT * FROM user_sessions"))
    assert not any(cookie in str(value) or cookie[26:] in str(value) for value in row)


def test_an_id_is_no_cookie(ada):
    session, cookie = start(ada)
    assert sessions.current(session.id, now=NOW) is None
    assert sessions.current("sgs_" + session.id, now=NOW) is None
    assert sessions.current(cookie.removeprefix("sgs_"), now=NOW) is None


def test_no_changed_cookie_is_one(ada):
    _, cookie = start(ada)
    for place in range(len(cookie)):
        other = "A" if cookie[place] != "A" else "B"
        assert sessions.current(cookie[:place] + other + cookie[place + 1 :], now=NOW) is None


@pytest.mark.parametrize(
    "cookie", [None, "", "sgs_", "sgs_" + "A" * 64, "sgs_" + "\u00e4" * 64, "\ud800" * 68]
)
def test_nothing_else_is_a_cookie(cookie):
    assert sessions.current(cookie, now=NOW) is None


@pytest.mark.spec("ASVS 5.0", "7.3.1")
def test_a_session_unused_for_the_idle_time_is_over(ada):
    _, cookie = start(ada)
    assert sessions.current(cookie, now=NOW + IDLE - MINUTE) is not None
    db.session.commit()
    assert sessions.current(cookie, now=NOW + 2 * IDLE - 2 * MINUTE) is not None
    assert sessions.current(cookie, now=NOW + 3 * IDLE) is None


@pytest.mark.spec("ASVS 5.0", "7.3.2")
def test_a_session_is_over_at_the_absolute_end_however_much_it_is_used(ada):
    session, cookie = start(ada)
    at = NOW
    while at + HOUR < NOW + ABSOLUTE:
        at += HOUR
        assert sessions.current(cookie, now=at) is not None
    assert sessions.get(session.id).expires_at == NOW + ABSOLUTE
    assert sessions.current(cookie, now=NOW + ABSOLUTE) is None


def test_shorter_lifetimes_are_in_force_for_sessions_that_are_there(app, ada):
    _, cookie = start(ada)
    with_settings(app, "sessions", idle_timeout=HOUR)
    assert sessions.current(cookie, now=NOW + HOUR) is None
    with_settings(app, "sessions", idle_timeout=IDLE, absolute_timeout=2 * HOUR)
    assert sessions.current(cookie, now=NOW + 2 * HOUR) is None


def test_being_in_use_is_noted_at_most_once_a_minute(ada):
    session, cookie = start(ada)
    sessions.current(cookie, now=NOW + MINUTE - timedelta(seconds=1))
    assert sessions.get(session.id).last_seen_at == NOW
    sessions.current(cookie, now=NOW + MINUTE)
    assert sessions.get(session.id).last_seen_at == NOW + MINUTE
    assert sessions.get(session.id).expires_at == NOW + MINUTE + IDLE


@pytest.mark.spec("ASVS 5.0", "7.4.2")
def test_a_disabled_user_has_no_session(ada):
    _, cookie = start(ada)
    users.disable(ada.id, now=NOW)
    assert sessions.current(cookie, now=NOW) is None


@pytest.mark.spec("ASVS 5.0", "7.4.1")
def test_an_ended_session_stays_ended(ada):
    session, cookie = start(ada)
    assert sessions.end(session.id, reason="sign_out", now=NOW)
    assert not sessions.end(session.id, reason="sign_out", now=NOW)
    assert sessions.current(cookie, now=NOW) is None
    assert sessions.get(session.id).ended_at == NOW
    assert not sessions.end("nothing", reason="sign_out", now=NOW)


@pytest.mark.spec("ASVS 5.0", "7.2.4")
def test_signing_in_again_makes_the_old_cookie_worthless_at_once(ada):
    old, old_cookie = start(ada)
    new, new_cookie = start(ada, at=NOW + HOUR, replaces=old.id)
    assert sessions.current(old_cookie, now=NOW + HOUR) is None
    assert sessions.current(new_cookie, now=NOW + HOUR) == new


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.1")
def test_signing_in_again_renews_all_of_the_session_but_its_name(ada):
    old, _ = start(ada)
    at = NOW + HOUR
    as_caller("192.0.2.8", agent="Another")
    proof = Authenticated(ada.id, "urn:other", ("pwd", "otp"), at, None)
    new, cookie = sessions.start(proof, replaces=old.id, now=at)
    assert new == sessions.get(old.id) == sessions.current(cookie, now=at)
    assert (new.auth_time, new.acr, new.amr) == (at, "urn:other", ("pwd", "otp"))
    assert (new.created_at, new.last_seen_at, new.expires_at) == (at, at, at + IDLE)
    assert (new.address, new.agent) == ("192.0.2.8", "Another")
    assert [each.id for each in sessions.of_user(ada.id, now=at)] == [old.id]


def test_a_session_that_ended_meanwhile_is_not_brought_back_by_a_sign_in(ada):
    old, old_cookie = start(ada)
    sessions.end(old.id, reason="ended_by_admin", now=NOW)
    new, cookie = start(ada, at=NOW + MINUTE, replaces=old.id)
    assert new.id != old.id
    assert sessions.current(cookie, now=NOW + MINUTE) == new
    assert sessions.current(old_cookie, now=NOW + MINUTE) is None
    assert sessions.get(old.id).ended_at == NOW


def test_nobody_takes_a_session_of_somebody_else_over(ada):
    bob = users.create(NewUser("bob"), now=NOW)
    hers, cookie = start(ada)
    his, _ = start(bob, replaces=hers.id)
    assert his.id != hers.id
    assert sessions.current(cookie, now=NOW) == hers


@pytest.mark.parametrize("over", ["ended", "idle", "never was"])
def test_what_is_over_is_not_held(ada, over):
    session, _ = start(ada)
    assert sessions.hold(session.id, now=NOW)
    if over == "ended":
        sessions.end(session.id, reason="sign_out", now=NOW)
    session_id = "A" * 22 if over == "never was" else session.id
    assert not sessions.hold(session_id, now=NOW + IDLE if over == "idle" else NOW)


def test_being_held_is_not_being_used(ada):
    session, _ = start(ada)
    assert sessions.hold(session.id, now=NOW + HOUR)
    assert sessions.get(session.id) == session


def test_every_sign_in_is_recorded_with_its_session(ada):
    old, _ = start(ada)
    new, _ = start(ada, replaces=old.id)
    assert new.id == old.id
    sessions.end(new.id, reason="sign_out", now=NOW)
    last, _ = start(ada, replaces=new.id)
    third, second, first = events.tail(kind="sign_in")
    assert (third.session_id, third.detail) == (last.id, {"amr": ["pwd"], "renewed": False})
    assert (first.session_id, first.detail) == (old.id, {"amr": ["pwd"], "renewed": False})
    assert (second.session_id, second.detail) == (new.id, {"amr": ["pwd"], "renewed": True})


@pytest.mark.spec("ASVS 5.0", "7.4.3")
def test_all_sessions_but_one_can_be_ended(ada):
    bob = users.create(NewUser("bob"), now=NOW)
    kept, _ = start(ada)
    start(ada), start(ada)
    _, bobs = start(bob)
    assert len(sessions.end_all(ada.id, reason="password_changed", now=NOW, but=kept.id)) == 2
    assert [each.id for each in sessions.of_user(ada.id, now=NOW)] == [kept.id]
    assert sessions.current(bobs, now=NOW) is not None
    assert sessions.end_all(ada.id, reason="revoked", now=NOW) == [kept.id]


def test_a_persons_list_holds_the_live_ones_the_last_used_first(ada):
    first, cookie = start(ada)
    second, _ = start(ada, at=NOW + MINUTE)
    third, _ = start(ada, at=NOW + MINUTE)
    sessions.end(third.id, reason="sign_out", now=NOW + MINUTE)
    sessions.current(cookie, now=NOW + HOUR)
    assert [each.id for each in sessions.of_user(ada.id, now=NOW + HOUR)] == [first.id, second.id]
    assert [each.id for each in sessions.of_user(ada.id, now=NOW + IDLE + 2 * MINUTE)] == [first.id]


def test_the_list_of_all_goes_by_time_and_misses_none(ada):
    bob = users.create(NewUser("bob"), now=NOW)
    begun = [
        start(ada if number % 2 else bob, at=NOW + (number // 2) * MINUTE)[0] for number in range(6)
    ]
    seen, after = [], None
    while rows := sessions.page(after=after, limit=2, now=NOW + HOUR):
        seen += rows
        after = rows[-1].session.id
    times = [row.session.created_at for row in seen]
    assert times == sorted(times, reverse=True)
    assert {row.session.id for row in seen} == {each.id for each in begun}
    assert {row.username for row in seen} == {"ada", "bob"}
    assert sessions.page(after="nothing", limit=2, now=NOW) == []


def test_the_list_of_all_leaves_out_what_is_over(ada):
    bob = users.create(NewUser("bob"), now=NOW)
    start(bob)
    users.disable(bob.id, now=NOW)
    ended, _ = start(ada)
    sessions.end(ended.id, reason="sign_out", now=NOW)
    start(ada)
    assert sessions.page(after=None, limit=9, now=NOW + IDLE) == []
    assert len(sessions.page(after=None, limit=9, now=NOW + HOUR)) == 1


def test_purging_takes_what_has_been_over_long_enough_in_batches(ada):
    keep = timedelta(days=1)
    alive, cookie = start(ada, at=NOW + IDLE + keep)
    start(ada), start(ada)
    ended, _ = start(ada)
    sessions.end(ended.id, reason="sign_out", now=NOW)
    assert sessions.purge(NOW + keep, batch=9) == 0
    assert sessions.purge(NOW + keep + MINUTE, batch=9) == 1
    later = NOW + IDLE + keep + MINUTE
    assert sessions.purge(later, batch=1) == 1
    assert sessions.purge(later, batch=9) == 1
    assert sessions.current(cookie, now=later).id == alive.id


def test_the_public_name_of_a_session_is_one_per_client(ada):
    session, _ = start(ada)
    name = sessions.sid(session.id, "shop")
    assert name == sessions.sid(session.id, "shop")
    assert (
        len({name, sessions.sid(session.id, "blog"), sessions.sid("other", "shop"), session.id})
        == 4
    )
    assert len(name) == 22


def test_a_cookie_outlives_a_new_root_key_but_not_the_removal_of_its_own(app, ada):
    _, cookie = start(ada)
    old = app.extensions["signet.root_keys"]
    new = RootKey.of(b"n" * 32)
    app.extensions["signet.root_keys"] = RootKeys((new, *old.keys))
    assert sessions.current(cookie, now=NOW) is not None
    app.extensions["signet.root_keys"] = RootKeys((new,))
    assert sessions.current(cookie, now=NOW) is None
