"""The operator's leave to register clients."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from app.audit import events
from app.clients import initial_access_tokens as tokens
from app.clients.initial_access_tokens import NewInitialAccessToken
from app.core.context import Caller, set_caller
from app.core.db import db
from app.core.errors import InvalidInputError, NotFoundError
from app.core.secrets import decode, encode
from tests.clients.databases import on_both

HOUR = timedelta(hours=1)


def issue(now, **values):
    return tokens.issue(NewInitialAccessToken(**{"note": "for the shop", **values}), now=now)


@on_both
def test_a_token_allows_what_the_operator_said(app, now):
    set_caller(Caller(actor="cli:ada"))
    made, token = issue(now, scope=("openid", "email", "openid"), max_uses=3, expires_at=now + HOUR)
    set_caller(Caller())
    claimed = tokens.claim(token, now=now)
    assert (claimed.scope, claimed.uses, claimed.max_uses) == (("openid", "email"), 1, 3)
    assert (claimed.id, claimed.created_by, claimed.note) == (made.id, "cli:ada", "for the shop")
    assert tokens.living(token, now=now) == claimed
    [event] = events.tail(kind="initial_access_token.created")
    assert event.detail == {"id": made.id, "note": "for the shop"}
    assert token not in str(event)


def test_a_token_without_bounds_serves_for_ever(app, now):
    _, token = issue(now)
    for _ in range(3):
        assert tokens.claim(token, now=now + 1000 * HOUR).scope is None


@on_both
def test_a_token_that_is_over_serves_nobody(app, now):
    _, expiring = issue(now, expires_at=now + HOUR)
    assert tokens.claim(expiring, now=now + HOUR) is None
    made, revoked = issue(now)
    tokens.revoke(made.id, now=now)
    tokens.revoke(made.id, now=now + HOUR)
    assert tokens.claim(revoked, now=now) is None
    assert tokens.living(revoked, now=now) is None
    assert len(events.tail(kind="initial_access_token.revoked")) == 1
    _, single = issue(now, max_uses=1)
    assert tokens.claim(single, now=now)
    assert tokens.claim(single, now=now) is None


def test_a_use_of_which_nothing_came_is_given_back(app, now):
    made, token = issue(now, max_uses=1)
    tokens.claim(token, now=now)
    tokens.give_back(made.id)
    tokens.give_back(made.id)
    assert tokens.claim(token, now=now).uses == 1


@on_both
def test_a_token_for_one_use_serves_one_of_many_at_once(application, now):
    with application.app_context():
        _, token = issue(now, max_uses=1)
        db.session.commit()
    barrier = Barrier(4)

    def claim(_):
        with application.app_context():
            barrier.wait(10)
            found = tokens.claim(token, now=now)
            db.session.commit()
            return found is not None

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(claim, range(4))) == [False, False, False, True]


@pytest.mark.spec("ASVS 5.0", "11.5.1")
def test_nobody_can_make_a_token_from_what_the_database_holds(app, now):
    made, token = issue(now)
    raw = bytearray(decode(token.removeprefix("sgi_")))
    raw[-1] ^= 1
    other = encode(decode(made.id) + bytes(32))
    forged = [
        "",
        "sgi_",
        made.id,
        token[4:],
        "sgi_" + encode(bytes(raw)),
        "sgi_" + other,
        token + "A",
    ]
    for each in [*forged, "sgi_" + "\ud800" * 64, "sgt_" + token[4:], token.upper()]:
        assert tokens.claim(each, now=now) is None
        assert tokens.living(each, now=now) is None


@pytest.mark.parametrize(
    "values",
    [
        {"note": ""},
        {"note": "x" * 257},
        {"max_uses": 0},
        {"max_uses": 10**9},
        {"scope": ("openid", "roles")},
    ],
)
def test_a_token_that_makes_no_sense_is_not_issued(app, now, values):
    with pytest.raises(InvalidInputError) as caught:
        issue(now, **values)
    assert caught.value.field in values


def test_a_token_cannot_end_in_the_past(app, now):
    with pytest.raises(InvalidInputError):
        issue(now, expires_at=now)


def test_one_that_never_was_cannot_be_revoked(app, now):
    with pytest.raises(NotFoundError):
        tokens.revoke("x" * 22, now=now)


@on_both
def test_they_are_listed_by_age_in_pages(app, now):
    made = [issue(now + n * HOUR)[0].id for n in range(5)]
    first = tokens.page(after=None, limit=2)
    rest = tokens.page(after=first[-1].id, limit=9)
    assert [each.id for each in (*first, *rest)] == made


@on_both
def test_what_is_over_is_deleted_in_batches(app, now):
    for values in ({"expires_at": now + HOUR}, {"max_uses": 1}, {}):
        _, token = issue(now, **values)
        tokens.claim(token, now=now)
    made, _ = issue(now)
    tokens.revoke(made.id, now=now)
    assert tokens.purge(now, batch=10) == 0
    assert [tokens.purge(now + 2 * HOUR, batch=2) for _ in range(3)] == [2, 1, 0]
    [left] = tokens.page(after=None, limit=9)
    assert (left.expires_at, left.max_uses, left.revoked_at) == (None, None, None)
