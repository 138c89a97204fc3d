import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.audit import events
from app.clients import registry, secrets
from app.core import secrets as core_secrets
from app.core.db import db
from app.core.errors import InvalidInputError, NotFoundError
from app.models.clients import ClientSecret
from tests.clients.databases import on_both

HOUR = timedelta(hours=1)


@pytest.fixture
def registered(app, web, now):
    client, secret = registry.register(web, now=now)
    return client.client_id, secret


def is_right(client_id, secret, now):
    return secrets.verify(registry.fresh(client_id), secret, now=now)


@pytest.mark.spec("RFC 6749", "10.10")
def test_a_secret_is_256_random_bits_of_url_safe_characters(registered):
    assert re.fullmatch(r"sgk_[A-Za-z0-9_-]{43}", registered[1])


def test_the_database_never_holds_a_secret(registered):
    rows = db.session.execute(select(ClientSecret.__table__)).all()
    assert registered[1] not in repr(rows)
    assert registered[1].removeprefix("sgk_") not in repr(rows)


def test_the_secret_is_right_and_any_other_text_is_wrong(registered, now):
    client_id, secret = registered
    assert is_right(client_id, secret, now)
    for wrong in ("", secret[:-1], secret + " ", secret.upper(), "ä", "\ud800", "\x00", "0" * 64):
        assert not is_right(client_id, wrong, now)


def test_a_stored_digest_is_no_secret(registered, now):
    client_id, _ = registered
    (digest, _end), *_ = registry.fresh(client_id).secret_digests
    assert not is_right(client_id, digest, now)


def test_a_public_client_is_never_right(app, public, now):
    client, secret = registry.register(public, now=now)
    assert secret is None
    assert client.secret_digests == ()
    assert not secrets.verify(client, "", now=now)
    pretending = replace(client, secret_digests=((core_secrets.digest("x"), None),))
    assert not secrets.verify(pretending, "x", now=now)


@pytest.mark.parametrize("digests", [None, 0, 1, 2])
def test_every_client_costs_the_same_comparisons_even_an_unknown_one(
    registered, now, digests, monkeypatch
):
    client = registry.fresh(registered[0])
    stored = tuple((core_secrets.digest(str(n)), None) for n in range(digests or 0))
    compared = []

    def equal(one, other):
        compared.append((one, other))
        return core_secrets.equal(one, other)

    monkeypatch.setattr(secrets, "equal", equal)
    asked = None if digests is None else replace(client, secret_digests=stored)
    assert not secrets.verify(asked, "wrong", now=now)
    assert len(compared) == secrets.MAX_ALIVE


def test_the_old_secret_lives_as_long_as_its_grace(registered, now):
    client_id, old = registered
    new = secrets.rotate(client_id, grace=HOUR, now=now)
    almost = now + HOUR - timedelta(microseconds=1)
    assert is_right(client_id, old, almost)
    assert not is_right(client_id, old, now + HOUR)
    assert is_right(client_id, new, now + 1000 * HOUR)
    assert old != new


def test_without_grace_the_old_secret_is_over_at_once(registered, now):
    client_id, old = registered
    new = secrets.rotate(client_id, grace=timedelta(0), now=now)
    assert not is_right(client_id, old, now)
    assert is_right(client_id, new, now)
    assert db.session.scalar(select(func.count()).select_from(ClientSecret)) == 1


def test_at_most_two_secrets_are_alive(registered, now):
    client_id, first = registered
    second = secrets.rotate(client_id, grace=24 * HOUR, now=now)
    third = secrets.rotate(client_id, grace=24 * HOUR, now=now + HOUR)
    later = now + 2 * HOUR
    assert [is_right(client_id, each, later) for each in (first, second, third)] == [
        False, True, True,
    ]  # fmt: skip


def test_a_rotation_is_recorded_without_the_secret(registered, now):
    client_id, _ = registered
    secret = secrets.rotate(client_id, grace=HOUR, now=now)
    event = events.tail(limit=1)[0]
    assert (event.kind, event.client_id) == ("client.secret_rotated", client_id)
    assert event.detail == {"grace": 3600}
    assert secret not in repr(event)


@pytest.mark.parametrize("grace", [timedelta(microseconds=-1), timedelta(days=91)])
def test_a_grace_is_neither_negative_nor_endless(registered, now, grace):
    with pytest.raises(InvalidInputError) as caught:
        secrets.rotate(registered[0], grace=grace, now=now)
    assert caught.value.field == "grace"


def test_nobody_has_no_secret_to_rotate(app, public, now):
    with pytest.raises(NotFoundError):
        secrets.rotate("nobody", grace=HOUR, now=now)
    client, _ = registry.register(public, now=now)
    with pytest.raises(InvalidInputError):
        secrets.rotate(client.client_id, grace=HOUR, now=now)


@on_both
def test_rotations_racing_for_one_client_leave_two_secrets_alive(application, web, now):
    with application.app_context():
        client_id = registry.register(web, now=now)[0].client_id
        db.session.commit()

    def rotate(minute):
        with application.app_context():
            secret = secrets.rotate(client_id, grace=HOUR, now=now + timedelta(minutes=minute))
            db.session.commit()
            return secret

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(rotate, range(4)))
    with application.app_context():
        client = registry.fresh(client_id)
        assert len(client.secret_digests) == 2
        assert sum(secrets.verify(client, each, now=now) for each in made) == 2
