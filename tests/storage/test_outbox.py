"""Many senders and one outbox, many ends of one session: each piece of news once, and for one sender."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.clients import registry
from app.clients.registry import Registration
from app.core.db import db
from app.identity import sessions, users
from app.identity.authentication import Authenticated
from app.identity.users import NewUser
from app.tokens import logout_deliveries, revocation, session_clients
from tests.identity.installation import DATABASES, NOW, installed, new_database, race

_CLIENTS = 30
_SENDERS = 8


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
def clients(app: Flask) -> list:
    made = [
        registry.register(
            Registration(
                "App",
                redirect_uris=("https://app.example/cb",),
                backchannel_logout_uri="https://app.example/out",
            ),
            now=NOW,
        )[0]
        for _ in range(_CLIENTS)
    ]
    db.session.commit()
    return made


@pytest.fixture
def begun(app: Flask, clients: list) -> sessions.Session:
    person = users.create(NewUser("ada"), now=NOW)
    made, _ = sessions.start(
        Authenticated(person.id, "acr", ("pwd",), NOW, None), replaces=None, now=NOW
    )
    db.session.commit()
    return made


def _note(begun: sessions.Session, client) -> None:
    session_clients.note(begun.id, client, begun.user_id, now=NOW)


@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_of_many_senders_each_takes_others(app: Flask, clients: list, begun) -> None:
    for each in clients:
        _note(begun, each)
    assert revocation.of_session(begun.id, reason="sign_out", now=NOW)
    db.session.commit()

    def take(_number: int) -> list[str]:
        taken = []
        while found := logout_deliveries.claim(limit=2, lease=timedelta(minutes=1), now=NOW):
            db.session.commit()
            taken += [each.client_id for each in found]
        return taken

    results = race(app, _SENDERS, take)
    assert not [each for each in results if isinstance(each, Exception)], results
    # On PostgreSQL whoever meets only what others hold at that instant goes away; the rest is for the next.
    taken = [each for result in results for each in result] + take(0)
    assert sorted(taken) == sorted(each.client_id for each in clients)


@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_a_session_ended_by_many_at_once_is_told_of_once(app: Flask, clients: list, begun) -> None:
    for each in clients:
        _note(begun, each)
    db.session.commit()

    def end(number: int) -> object:
        if number % 2:
            return revocation.of_session(begun.id, reason="sign_out", now=NOW)
        return revocation.of_user(begun.user_id, reason="revoked", now=NOW)

    results = race(app, 6, end)
    assert not [each for each in results if isinstance(each, Exception)], results
    assert len(logout_deliveries.page(after=None, limit=1000)) == _CLIENTS


def test_a_sign_in_that_meets_the_end_of_its_session_is_refused_or_told(
    app: Flask, clients: list, begun
) -> None:
    def act(number: int) -> bool:
        if number == 0:
            return revocation.of_session(begun.id, reason="sign_out", now=NOW)
        held = sessions.hold(begun.id, now=NOW)
        if held:
            _note(begun, clients[number])
        return held

    results = race(app, 10, act)
    signed_in = {clients[number].client_id for number in range(1, 10) if results[number] is True}
    told = {each.client_id for each in logout_deliveries.page(after=None, limit=100)}
    assert results[0] is True
    assert told == signed_in
