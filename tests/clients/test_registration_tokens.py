"""What a client that registered itself manages its registration with; and the end of unused ones."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from app.audit import events
from app.clients import reaping, registration_tokens, registry
from app.clients.registration_tokens import RegistrationTokenReplacedError
from app.clients.registry import Origin
from app.core.db import db
from app.core.errors import NotFoundError
from app.core.root_key import RootKey, RootKeys
from app.core.secrets import decode, encode
from tests.clients.databases import on_both

DYNAMIC = Origin(is_dynamic=True)


@pytest.fixture
def client(app, web, now):
    return registry.register(web, client_id="shop", origin=DYNAMIC, now=now)[0]


@pytest.mark.spec("ASVS 5.0", "11.5.1")
def test_a_token_counts_for_one_client_and_one_generation(client):
    token = registration_tokens.token_of(client)
    assert registration_tokens.generation(token, "shop") == 0
    assert registration_tokens.generation(token, "other") is None
    assert registration_tokens.generation(token, "sho") is None
    raw = decode(token.removeprefix("sgt_"))
    next_one = b"\0\0\0\1" + raw[4:]
    forged = ["", "sgt_", token[4:], token + "A", "sgt_" + encode(next_one), token.upper()]
    for each in [*forged, "sgt_" + "\ud800" * 48, "sgi_" + token[4:]]:
        assert registration_tokens.generation(each, "shop") is None


def test_a_new_root_key_leaves_tokens_alive(app, client):
    token = registration_tokens.token_of(client)
    old = app.extensions["signet.root_keys"].keys
    app.extensions["signet.root_keys"] = RootKeys((RootKey.of(os.urandom(32)), *old))
    assert registration_tokens.generation(token, "shop") == 0
    assert registration_tokens.token_of(client) != token


@on_both
def test_of_many_who_present_one_token_one_succeeds(application, web, now):
    with application.app_context():
        registry.register(web, client_id="shop", origin=DYNAMIC, now=now)
        db.session.commit()
    barrier = Barrier(4)

    def advance(_):
        with application.app_context():
            barrier.wait(10)
            done = registration_tokens.advance("shop", presented=0, now=now)
            db.session.commit()
            return done

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(advance, range(4))) == [False, False, False, True]
    with application.app_context():
        assert registry.fresh("shop").registration_generation == 1


@on_both
def test_of_many_replacements_at_once_one_counts(application, web, now):
    from dataclasses import replace

    with application.app_context():
        registry.register(web, client_id="shop", origin=DYNAMIC, now=now)
        db.session.commit()
    barrier = Barrier(4)

    def update(number):
        with application.app_context():
            origin = replace(DYNAMIC, generation=0)
            wanted = replace(web, client_name=f"Shop {number}")
            barrier.wait(10)
            try:
                registry.update("shop", wanted, origin=origin, now=now)
            except RegistrationTokenReplacedError:
                db.session.commit()
                return None
            db.session.commit()
            return wanted.client_name

    with ThreadPoolExecutor(4) as pool:
        [winner] = [name for name in pool.map(update, range(4)) if name]
    with application.app_context():
        assert registry.fresh("shop").client_name == winner
        assert len(events.tail(kind="client.updated")) == 1


def test_a_new_token_ends_the_old_one(client, now):
    token = registration_tokens.renew("shop", now=now)
    assert registration_tokens.generation(token, "shop") == 1
    assert registry.fresh("shop").registration_generation == 1


def test_a_client_that_an_operator_registered_has_no_token(app, web, now):
    registry.register(web, client_id="manual", now=now)
    for name in ("manual", "nobody"):
        with pytest.raises(NotFoundError):
            registration_tokens.renew(name, now=now)
    assert not registration_tokens.advance("manual", presented=0, now=now)


@on_both
@pytest.mark.spec("RFC 7591", "5")
def test_only_clients_that_registered_themselves_and_were_never_used_are_deleted(app, web, now):
    for name in ("unused", "used", "young"):
        at = now + timedelta(days=20) if name == "young" else now
        registry.register(web, client_id=name, origin=DYNAMIC, now=at)
    registry.register(web, client_id="manual", now=now)
    registry.note_use(registry.fresh("used"), now=now)
    assert reaping.purge(now + timedelta(days=30), batch=10) == 0
    assert reaping.purge(now + timedelta(days=31), batch=10) == 1
    assert {each.client_id for each in registry.page(after=None, limit=9)} == {
        "used", "young", "manual",
    }  # fmt: skip
    assert registry.get("unused") is None
    [event] = events.tail(kind="client.reaped")
    assert (event.client_id, event.detail) == ("unused", {"client_name": "Shop"})


def test_they_are_deleted_in_batches(app, web, now):
    for number in range(3):
        registry.register(web, client_id=f"c{number}", origin=DYNAMIC, now=now)
    later = now + timedelta(days=31)
    assert [reaping.purge(later, batch=2) for _ in range(3)] == [2, 1, 0]
