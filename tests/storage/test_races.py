"""What the database promises when many act at one instant: the same on SQLite and PostgreSQL."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.audit import events
from app.audit.events import Kind
from app.clients import registry
from app.clients.registry import Registration
from app.core import locks
from app.core.db import affected, db
from app.identity import users
from app.identity.users import NewUser
from app.models.identity import User
from app.tokens import authorization_codes, derivation, grants, refresh_tokens
from app.tokens.authorization import Authentication
from app.tokens.authorization_codes import AuthorizationCodeInvalidError
from app.tokens.grants import NewGrant
from app.tokens.refresh_tokens import RefreshTokenInvalidError
from tests.identity.installation import DATABASES, NOW, installed, new_database, race

_MANY = 20
_LATER = NOW + timedelta(days=30)
_STRICT = timedelta(0)


@pytest.fixture(scope="module")
def _database() -> Iterator[str]:
    with new_database() as url:
        yield url


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    url = None if request.param == "sqlite" else request.getfixturevalue("_database")
    with installed(tmp_path, url=url) as made, made.app_context():
        yield made


@pytest.fixture
def grant_id(app: Flask) -> str:
    """A sign-in whose code waits to be redeemed."""
    person = users.create(NewUser("ada"), now=NOW)
    client, _ = registry.register(
        Registration(
            "App",
            redirect_uris=("https://app.example/cb",),
            grant_types=("authorization_code", "refresh_token"),
            scope=("openid", "offline_access"),
        ),
        now=NOW,
    )
    made = grants.create(
        NewGrant(
            user_id=person.id,
            client_id=client.client_id,
            scope=("openid", "offline_access"),
            resources=(),
            redirect_uri="https://app.example/cb",
            code_challenge=None,
            authentication=Authentication(NOW, "acr", ("pwd",), "s" * 22),
            code_expires_at=NOW + timedelta(minutes=1),
            ends_at=NOW + timedelta(days=180),
        ),
        now=NOW,
    )
    db.session.commit()
    return made


def _redeem(grant_id: str) -> str:
    code, grant = derivation.authorization_code(grant_id), grants.find(grant_id)
    assert grant is not None
    checked = authorization_codes.check(code, client_id=grant.client_id, now=NOW)
    authorization_codes.redeem(checked, expires_at=_LATER, now=NOW)
    return "redeemed"


def _rotate(grant_id: str, *, leeway: timedelta) -> str:
    token, grant = derivation.refresh_token(grant_id, 1), grants.find(grant_id)
    assert grant is not None
    presented = refresh_tokens.check(token, client_id=grant.client_id, leeway=leeway, now=NOW)
    refresh_tokens.rotate(presented, expires_at=_LATER, leeway=leeway, now=NOW)
    return "rotated"


@pytest.mark.spec("RFC 9700", "4.14.2")
def test_with_no_leeway_only_one_of_twenty_refreshes_in_the_same_instant(
    app: Flask, grant_id: str
) -> None:
    _redeem(grant_id)
    db.session.commit()

    results = race(app, _MANY, lambda _: _rotate(grant_id, leeway=_STRICT))

    assert results.count("rotated") == 1
    assert sum(isinstance(each, RefreshTokenInvalidError) for each in results) == _MANY - 1


@pytest.mark.spec("RFC 7009", "2.1")
def test_a_refresh_that_races_with_a_revocation_never_brings_the_grant_back(
    app: Flask, grant_id: str
) -> None:
    _redeem(grant_id)
    db.session.commit()

    def act(number: int) -> object:
        if number % 2:
            return grants.revoke(grant_id, reason="test", now=NOW)
        return _rotate(grant_id, leeway=timedelta(seconds=10))

    results = race(app, _MANY, act)

    assert results.count(True) == 1
    unforeseen = [
        each
        for each in results
        if isinstance(each, Exception) and not isinstance(each, RefreshTokenInvalidError)
    ]
    assert not unforeseen
    found = grants.find(grant_id)
    assert found is not None
    assert not found.is_alive(NOW)


def test_a_redemption_that_races_with_a_revocation_never_brings_the_grant_back(
    app: Flask, grant_id: str
) -> None:
    def act(number: int) -> object:
        if number == 0:
            return grants.revoke(grant_id, reason="test", now=NOW)
        return _redeem(grant_id)

    results = race(app, _MANY, act)

    assert results.count("redeemed") <= 1
    assert all(
        isinstance(each, AuthorizationCodeInvalidError | bool) or each == "redeemed"
        for each in results
    )
    found = grants.find(grant_id)
    assert found is not None
    assert not found.is_alive(NOW)


def test_a_replay_seen_by_twenty_at_once_is_recorded_once(app: Flask, grant_id: str) -> None:
    _redeem(grant_id)
    db.session.commit()

    race(app, _MANY, lambda _: _redeem(grant_id))

    assert len(events.tail(kind=Kind.CODE_REUSED)) == 1


def test_of_twenty_conditional_changes_exactly_one_is_made(app: Flask) -> None:
    person = users.create(NewUser("ada"), now=NOW)
    db.session.commit()

    def claim(number: int) -> int:
        return affected(
            update(User)
            .where(User.id == person.id, User.name.is_(None))
            .values(name=f"claimed by {number}")
        )

    results = race(app, _MANY, claim)

    assert sorted(results) == [0] * (_MANY - 1) + [1]


def test_what_was_not_committed_is_seen_by_nobody_and_a_commit_by_everybody(app: Flask) -> None:
    person = users.create(NewUser("ada"), now=NOW)
    db.session.commit()
    written, looked, committed = (threading.Event() for _ in range(3))
    seen: list[str | None] = []

    def look() -> None:
        with app.app_context():
            written.wait(10)
            # Not blocked by whoever writes, either.
            seen.append(db.session.scalar(select(User.name).where(User.id == person.id)))
            looked.set()
            committed.wait(10)
            seen.append(db.session.scalar(select(User.name).where(User.id == person.id)))

    reader = threading.Thread(target=look)
    reader.start()
    db.session.execute(update(User).where(User.id == person.id).values(name="Ada"))
    written.set()
    assert looked.wait(10)
    db.session.commit()
    committed.set()
    reader.join(10)

    assert seen == [None, "Ada"]


def test_work_under_an_exclusive_lock_is_done_by_one_at_a_time(app: Flask) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with locks.exclusive(db.engine, "test"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.01)
            inside.remove(number)

    results = race(app, 6, work)

    assert results == [None] * 6
    assert most == [1] * 6
