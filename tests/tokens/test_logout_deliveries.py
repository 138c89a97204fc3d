"""The outbox of logout tokens and the list of a session's clients, on each database."""

from datetime import timedelta

import pytest

from app.clients import registry
from app.clients.registry import Registration
from app.core import wake
from app.core.db import db
from app.identity import sessions
from app.identity.authentication import Authenticated
from app.tokens import logout_deliveries, revocation, session_clients
from app.tokens.logout_deliveries import BELL, Delivery, Outcome
from tests.identity.installation import NOW, with_settings
from tests.tokens.conftest import Stored

LEASE = timedelta(seconds=60)


@pytest.fixture(autouse=True)
def _silence():
    wake.bell(BELL).clear()
    yield
    wake.bell(BELL).clear()


def client(name: str, *, back: bool = True, front: bool = False):
    made, _ = registry.register(
        Registration(
            name,
            redirect_uris=(f"https://{name}.example/cb",),
            backchannel_logout_uri=f"https://{name}.example/back" if back else None,
            frontchannel_logout_uri=f"https://{name}.example/front" if front else None,
        ),
        client_id=name,
        now=NOW,
    )
    return made


def session(stored: Stored, *clients) -> str:
    """Sign the person in, and in to each of ``clients``."""
    begun, _ = sessions.start(
        Authenticated(stored.user_id, "acr", ("pwd",), NOW, None), replaces=None, now=NOW
    )
    for each in clients:
        session_clients.note(begun.id, each, stored.user_id, now=NOW)
    db.session.commit()
    return begun.id


def claimed(*, limit: int = 10, now=NOW) -> list[Delivery]:
    found = logout_deliveries.claim(limit=limit, lease=LEASE, now=now)
    db.session.commit()
    return found


def everything() -> list[Delivery]:
    return logout_deliveries.page(after=None, limit=100)


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.5")
def test_the_end_of_a_session_is_news_for_each_of_its_clients_that_asked(stored: Stored) -> None:
    first, second, silent = client("one"), client("two"), client("none", back=False, front=True)
    client("stranger")
    ended = session(stored, first, second, silent)
    other = session(stored, first)
    assert revocation.of_session(ended, reason="sign_out", now=NOW)
    db.session.commit()
    assert [(each.session_id, each.client_id) for each in everything()] == [
        (ended, "one"),
        (ended, "two"),
    ]
    assert {each.user_id for each in everything()} == {stored.user_id}
    assert not revocation.of_session(ended, reason="sign_out", now=NOW)
    assert len(everything()) == 2
    revocation.of_user(stored.user_id, reason="user_disabled", now=NOW)
    db.session.commit()
    assert {each.session_id for each in everything()} == {ended, other}


def test_a_changed_password_tells_of_the_other_sessions_alone(stored: Stored) -> None:
    app = client("one")
    kept, other = session(stored, app), session(stored, app)
    revocation.of_other_sessions(stored.user_id, kept, reason="password_changed", now=NOW)
    assert [each.session_id for each in everything()] == [other]


@pytest.mark.spec("ASVS 5.0", "2.3.3")
def test_an_end_that_is_taken_back_leaves_no_news_and_rings_no_bell(stored: Stored) -> None:
    ended = session(stored, client("one"))
    revocation.of_session(ended, reason="sign_out", now=NOW)
    assert not wake.bell(BELL).is_set()
    db.session.rollback()
    assert everything() == []
    db.session.commit()
    assert not wake.bell(BELL).is_set()
    revocation.of_session(ended, reason="sign_out", now=NOW)
    db.session.commit()
    assert wake.bell(BELL).is_set()


def test_nothing_is_kept_where_nobody_is_to_be_told(stored: Stored) -> None:
    app = client("one")
    with_settings(stored.app, "logout", back_channel=False)
    revocation.of_session(session(stored, app), reason="sign_out", now=NOW)
    assert everything() == []
    with_settings(stored.app, "logout", back_channel=True)
    registry.disable("one", now=NOW)
    revocation.of_session(session(stored, app), reason="sign_out", now=NOW)
    assert everything() == []
    db.session.commit()
    assert not wake.bell(BELL).is_set()


def test_a_client_is_noted_once_however_often_a_session_signs_in_to_it(stored: Stored) -> None:
    app = client("one", front=True)
    ended = session(stored, app, app)
    assert session_clients.front_channel(ended) == ["one"]
    registry.disable("one", now=NOW)
    assert session_clients.front_channel(ended) == []


def test_what_is_taken_is_nobody_elses_until_the_lease_is_over(stored: Stored) -> None:
    ended = session(stored, client("one"))
    revocation.of_session(ended, reason="sign_out", now=NOW)
    db.session.commit()
    assert logout_deliveries.is_due(now=NOW)
    [taken] = claimed()
    assert taken.attempts == 1
    assert taken.due_at == NOW + LEASE
    assert not logout_deliveries.is_due(now=NOW)
    assert claimed() == []
    [again] = claimed(now=NOW + LEASE)
    assert again.attempts == 2


def test_the_one_that_waits_longest_is_taken_first(stored: Stored) -> None:
    app = client("one")
    ended = [session(stored, app) for _ in range(4)]
    for place, each in enumerate(ended):
        logout_deliveries.enqueue([each], now=NOW - timedelta(seconds=place))
    db.session.commit()
    assert {each.session_id for each in claimed(limit=2)} == set(ended[2:])
    assert {each.session_id for each in claimed(limit=2)} == set(ended[:2])


def test_a_settled_delivery_stays_settled(stored: Stored) -> None:
    revocation.of_session(session(stored, client("one")), reason="sign_out", now=NOW)
    db.session.commit()
    [taken] = claimed()
    assert logout_deliveries.settle(taken, Outcome.DELIVERED, 204, now=NOW)
    assert not logout_deliveries.settle(taken, Outcome.DELIVERED, 200, now=NOW)
    assert not logout_deliveries.settle(taken, Outcome.REFUSED, 400, now=NOW)
    logout_deliveries.postpone(taken, until=NOW + LEASE, status=500, now=NOW)
    [kept] = everything()
    assert (kept.outcome, kept.status, kept.due_at, kept.settled_at) == (
        "delivered",
        204,
        None,
        NOW,
    )
    assert claimed(now=NOW + timedelta(days=1)) == []


def test_whoever_was_overtaken_has_no_say_but_that_it_arrived(stored: Stored) -> None:
    revocation.of_session(session(stored, client("one")), reason="sign_out", now=NOW)
    db.session.commit()
    [slow] = claimed()
    [quick] = claimed(now=NOW + LEASE)
    assert not logout_deliveries.settle(slow, Outcome.GAVE_UP, None, now=NOW)
    logout_deliveries.postpone(slow, until=NOW + 9 * LEASE, status=None, now=NOW)
    assert everything()[0].due_at == quick.due_at
    assert logout_deliveries.settle(slow, Outcome.DELIVERED, 200, now=NOW)
    assert not logout_deliveries.settle(quick, Outcome.REFUSED, 400, now=NOW)
    assert everything()[0].outcome == "delivered"


def test_a_postponed_delivery_comes_due_again_and_never_at_once(stored: Stored) -> None:
    revocation.of_session(session(stored, client("one")), reason="sign_out", now=NOW)
    [taken] = claimed()
    with pytest.raises(ValueError, match="future"):
        logout_deliveries.postpone(taken, until=NOW, status=503, now=NOW)
    later = NOW + timedelta(seconds=10)
    logout_deliveries.postpone(taken, until=later, status=503, now=NOW)
    assert claimed() == []
    [again] = claimed(now=later)
    assert (again.attempts, again.status) == (2, 503)


def test_what_is_settled_goes_after_a_while_and_what_is_not_stays(stored: Stored) -> None:
    apps = [client(name) for name in ("one", "two", "three")]
    ended = session(stored, *apps)
    revocation.of_session(ended, reason="sign_out", now=NOW)
    for each in claimed(limit=2):
        logout_deliveries.settle(each, Outcome.DELIVERED, 200, now=NOW)
    assert logout_deliveries.figures() == {
        "due": 1, "delivered": 2, "refused": 0, "gave_up": 0, "not_wanted": 0,
    }  # fmt: skip
    assert logout_deliveries.purge(NOW, batch=10) == 0
    after = NOW + timedelta(seconds=1)
    assert logout_deliveries.purge(after, batch=1) == 1
    assert logout_deliveries.purge(after, batch=10) == 1
    assert len(everything()) == 1
    with_settings(stored.app, "logout", back_channel=False)
    assert logout_deliveries.purge(after, batch=10) == 1


def test_pages_follow_one_another_without_gap_or_repetition(stored: Stored) -> None:
    apps = [client(name) for name in ("one", "two", "three")]
    for _ in range(2):
        revocation.of_session(session(stored, *apps), reason="sign_out", now=NOW)
    seen, last = [], None
    while found := logout_deliveries.page(after=last, limit=2):
        seen += [(each.session_id, each.client_id) for each in found]
        last = seen[-1]
    assert seen == sorted(seen)
    assert len(set(seen)) == len(seen) == 6


@pytest.mark.spec("OpenID Connect Back-Channel Logout 1.0", "2.5")
def test_clients_are_known_long_after_their_grants_were_purged(stored: Stored) -> None:
    from app.tokens import grants

    ended = session(stored, client("one"))
    stored.grant(session_id=ended, offline=False)
    grants.purge(NOW + timedelta(days=400), batch=10)
    revocation.of_session(ended, reason="sign_out", now=NOW)
    assert [each.client_id for each in everything()] == ["one"]
