"""Pushed requests in the database: derived handles, one use, and an end, the same on both databases."""

import json
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.audit.events import Kind
from app.clients import registry
from app.core.db import db
from app.core.root_key import RootKey, RootKeys
from app.models.audit import AuditEvent
from app.models.requests import PushedRequest
from app.tokens import pushed_requests
from tests.identity.installation import NOW, race

PAIRS = [("scope", "openid"), ("resource", "https://one.example"), ("resource", "two"), ("ü", "ß")]
_MANY = 12
_SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def handle(stored) -> str:
    made = pushed_requests.store(stored.client_id, PAIRS, expires_at=_SOON, now=NOW)
    db.session.commit()
    return made


def rows() -> list[PushedRequest]:
    return list(db.session.scalars(select(PushedRequest)))


def test_what_was_stored_is_found(stored, handle):
    found = pushed_requests.find(handle)
    assert found is not None
    assert found.client_id == stored.client_id
    assert list(found.parameters) == PAIRS
    assert found.expires_at == _SOON
    assert not found.is_over(_SOON - timedelta(microseconds=1))
    assert found.is_over(_SOON)


@pytest.mark.spec("RFC 9126", "7.1")
@pytest.mark.spec("ASVS 5.0", "11.5.1")
def test_the_database_does_not_hold_the_handle(stored, handle):
    (row,) = rows()
    kept = json.dumps([row.id, row.client_id, row.parameters])
    secret = handle.removeprefix(pushed_requests.HANDLE_PREFIX)
    assert len(secret) == 64
    # It begins with the id; what makes it one of ours is nowhere.
    assert secret.startswith(row.id[:-1])
    assert secret[len(row.id) :] not in kept


@pytest.mark.spec("RFC 9126", "7.1")
def test_an_id_alone_makes_no_handle(stored, handle):
    (row,) = rows()
    for forged in (
        row.id,
        pushed_requests.HANDLE_PREFIX + row.id,
        pushed_requests.HANDLE_PREFIX + (row.id + "A" * 64)[:64],
        handle + "=",
        handle.replace("urn:", "URN:"),
        handle[:-1] + "ü",
    ):
        assert pushed_requests.find(forged) is None


def test_a_handle_survives_a_new_root_key_and_not_the_loss_of_its_own(stored, handle):
    old: RootKeys = stored.app.extensions["signet.root_keys"]
    new = RootKey.of(secrets.token_bytes(32))
    stored.app.extensions["signet.root_keys"] = RootKeys((new, *old.keys))
    assert pushed_requests.find(handle) is not None
    stored.app.extensions["signet.root_keys"] = RootKeys((new,))
    assert pushed_requests.find(handle) is None


@pytest.mark.spec("RFC 9126", "7.3")
def test_it_is_used_once_and_the_second_use_leaves_a_trace(stored, handle):
    found = pushed_requests.find(handle)
    assert pushed_requests.spend(found.id, now=NOW)
    assert pushed_requests.find(handle).is_over(NOW)
    assert not pushed_requests.spend(found.id, now=NOW)
    reused = select(AuditEvent).where(AuditEvent.kind == Kind.PUSHED_REQUEST_REUSED)
    (event,) = db.session.scalars(reused)
    assert event.client_id == stored.client_id
    assert handle not in json.dumps(event.detail)


def test_what_is_not_there_cannot_be_used(stored):
    assert not pushed_requests.spend("p" * 22, now=NOW)


@pytest.mark.spec("RFC 9126", "7.3")
@pytest.mark.spec("ASVS 5.0", "15.4.2")
def test_of_many_uses_at_one_instant_one_succeeds(stored, handle):
    pushed_id = pushed_requests.find(handle).id
    db.session.remove()
    results = race(stored.app, _MANY, lambda _: pushed_requests.spend(pushed_id, now=NOW))
    assert results.count(True) == 1
    assert results.count(False) == _MANY - 1


@pytest.mark.spec("ASVS 5.0", "14.2.7")
def test_it_is_deleted_when_no_sign_in_can_come_back_to_it(stored, handle):
    lifetime = stored.app.extensions["signet.settings"].tokens.interaction_lifetime
    for _ in range(2):
        pushed_requests.store(stored.client_id, PAIRS, expires_at=_SOON, now=NOW)
    just_before = _SOON + lifetime - timedelta(microseconds=1)
    assert pushed_requests.purge(just_before, batch=2) == 0
    assert pushed_requests.purge(_SOON + lifetime, batch=2) == 2
    assert pushed_requests.purge(_SOON + lifetime, batch=2) == 1
    assert rows() == []


def test_it_goes_with_its_client(stored, handle):
    registry.delete(stored.client_id, now=NOW)
    db.session.commit()
    assert pushed_requests.find(handle) is None
