"""Devices: of all who decide one is first, and of all polls one is answered, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.clients import registry
from app.clients.client import DEVICE_CODE
from app.clients.registry import Registration
from app.core import root_key
from app.core.db import db
from app.core.root_key import RootKey, RootKeys
from app.identity import users
from app.identity.users import NewUser
from app.tokens import authorization_codes, device_codes, grants
from app.tokens.authorization import Authentication
from app.tokens.authorization_codes import AuthorizationCodeInvalidError
from app.tokens.device_codes import (
    AuthorizationPendingError,
    DeviceCodeInvalidError,
    NewDevice,
    SlowDownError,
    Started,
)
from app.tokens.grants import NewGrant
from tests.identity.installation import DATABASES, NOW, installed, new_database, race

_MANY = 8


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
def started(app: Flask) -> Started:
    """A device that waits."""
    assert app.extensions
    wanted = Registration("TV", grant_types=(DEVICE_CODE,), redirect_uris=(), scope=("openid",))
    registry.register(wanted, client_id="tv", now=NOW)
    new = NewDevice("tv", ("openid",), (), (), "192.0.2.1")
    made = device_codes.start(new, now=NOW)
    db.session.commit()
    return made


def allowed(started: Started) -> str:
    """Give the device a grant, as the page does."""
    person = users.create(NewUser("ada"), now=NOW)
    waiting = device_codes.pending(started.user_code, now=NOW)
    assert waiting is not None
    assert device_codes.decide(waiting, now=NOW)
    made = grants.create(
        NewGrant(
            user_id=person.id, client_id="tv", scope=("openid",), resources=(), redirect_uri="",
            code_challenge=None, authentication=Authentication(NOW, "1", ("pwd",), "s" * 22),
            code_expires_at=started.expires_at, ends_at=NOW + timedelta(days=1), device=True,
        ),
        now=NOW,
    )  # fmt: skip
    device_codes.give(waiting, made)
    db.session.commit()
    return made


@pytest.mark.spec("ASVS 5.0", "2.3.4")
def test_of_all_who_decide_one_is_told_so(app: Flask, started: Started) -> None:
    waiting = device_codes.pending(started.user_code, now=NOW)
    assert waiting is not None

    db.session.commit()
    told = race(app, _MANY, lambda _: device_codes.decide(waiting, now=NOW))
    assert sorted(told) == [False] * (_MANY - 1) + [True]


@pytest.mark.spec("RFC 8628", "3.5")
def test_of_all_polls_at_one_instant_one_is_told_to_go_on(app: Flask, started: Started) -> None:
    def poll(_: int) -> object:
        return device_codes.poll(started.device_code, client_id="tv", now=NOW)

    heard = [type(each) for each in race(app, _MANY, poll)]
    assert heard.count(AuthorizationPendingError) == 1
    assert heard.count(SlowDownError) == _MANY - 1


def test_of_all_who_fetch_one_gets_tokens(app: Flask, started: Started) -> None:
    allowed(started)

    def fetch(_: int) -> bool:
        grant = device_codes.poll(started.device_code, client_id="tv", now=NOW)
        authorization_codes.redeem(grant, expires_at=NOW + timedelta(hours=1), now=NOW)
        return True

    told = race(app, _MANY, fetch)
    assert told.count(True) == 1
    refused = [each for each in told if each is not True]
    kinds = (DeviceCodeInvalidError, AuthorizationCodeInvalidError)
    assert all(isinstance(each, kinds) for each in refused)


def test_a_decision_after_the_end_is_none(app: Flask, started: Started) -> None:
    assert app.extensions
    waiting = device_codes.pending(started.user_code, now=NOW)
    assert waiting is not None
    assert device_codes.decide(waiting, now=started.expires_at) is False
    assert device_codes.pending(started.user_code, now=started.expires_at) is None


def test_a_code_outlives_a_new_root_key(app: Flask, started: Started) -> None:
    older = root_key.current()
    app.extensions["signet.root_keys"] = RootKeys((RootKey.of(bytes(32)), *older.keys))
    assert device_codes.pending(started.user_code, now=NOW) is not None
    with pytest.raises(AuthorizationPendingError):
        device_codes.poll(started.device_code, client_id="tv", now=NOW)


def test_what_is_over_is_deleted_and_what_waits_is_not(app: Flask, started: Started) -> None:
    assert app.extensions
    assert device_codes.purge(started.expires_at, batch=10) == 0
    assert device_codes.purge(started.expires_at + timedelta(seconds=1), batch=10) == 1
    with pytest.raises(DeviceCodeInvalidError):
        device_codes.poll(started.device_code, client_id="tv", now=NOW)


def test_a_code_in_use_is_drawn_anew(
    app: Flask, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.extensions
    drawn = iter([started.user_code, "BCDF-GHJK"])
    monkeypatch.setattr(device_codes, "_drawn", lambda: next(drawn))
    new = NewDevice("tv", ("openid",), (), (), None)
    assert device_codes.start(new, now=NOW).user_code == "BCDF-GHJK"
