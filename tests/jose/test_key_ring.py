import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.db import db
from app.jose import key_ring, key_table, signing_keys
from app.jose.algorithms import ALGORITHMS
from tests.jose.applications import NOW


@pytest.fixture
def clock(monkeypatch):
    """Let the age of what the process knows be set by the test."""

    class Clock:
        seconds = 1000.0

    monkeypatch.setattr(key_ring, "monotonic", lambda: Clock.seconds)
    return Clock


@pytest.fixture
def statements(context, monkeypatch):
    """Count how often the table is read."""
    seen = []
    execute = db.session.execute
    monkeypatch.setattr(
        db.session, "execute", lambda *a, **k: (seen.append(a), execute(*a, **k))[1]
    )
    return seen


def replace_jwk(kid, change):
    jwk = json.loads(db.session.execute(text("SELECT public_jwk FROM signing_keys")).scalar_one())
    db.session.execute(
        text("UPDATE signing_keys SET public_jwk = :jwk WHERE kid = :kid"),
        {"jwk": json.dumps(change(jwk)), "kid": kid},
    )
    db.session.commit()


def test_the_table_is_not_read_for_every_signature(clock, context, statements):
    signing_keys.active("RS256", now=NOW)
    read = len(statements)
    for _ in range(100):
        signing_keys.active("RS256", now=NOW)
    assert len(statements) == read


def test_a_rotation_on_another_node_is_in_force_within_a_second(clock, make):
    here, there = make(), make()
    with here.app_context():
        signing_keys.ensure(now=NOW)
        old = signing_keys.active("RS256", now=NOW).kid
    with there.app_context():
        [new] = signing_keys.rotate("RS256", immediate=True, now=NOW)
    clock.seconds += 0.95
    with here.app_context():
        assert signing_keys.active("RS256", now=NOW).kid == new.kid != old


def test_a_rotation_here_is_in_force_at_once(clock, context):
    [new] = signing_keys.rotate("RS256", immediate=True, now=NOW)
    assert signing_keys.active("RS256", now=NOW).kid == new.kid


def test_while_one_thread_refreshes_the_others_go_on(clock, context, statements):
    signing_keys.active("RS256", now=NOW)
    read = len(statements)
    ring = key_ring.current()
    with ring._refreshing:
        clock.seconds += 0.7
        signing_keys.active("RS256", now=NOW)
        assert len(statements) == read
        clock.seconds += 0.3
        signing_keys.active("RS256", now=NOW)
        assert len(statements) > read


def test_a_private_key_is_parsed_once(clock, context):
    first = signing_keys.active("RS256", now=NOW).private
    clock.seconds += 5
    assert signing_keys.active("RS256", now=NOW).private is first


def test_a_purged_private_key_is_forgotten(clock, context):
    old = signing_keys.active("RS256", now=NOW).kid
    signing_keys.rotate("RS256", immediate=True, now=NOW)
    signing_keys.purge(NOW + timedelta(days=30))
    ring = key_ring.current()
    assert ring.find(old) is None
    assert old not in ring._private


def test_a_key_written_into_the_table_without_a_root_key_is_not_believed(context):
    foreign = ALGORITHMS["RS256"].generate(rsa_bits=2048)
    kid = key_table.add(foreign, ALGORITHMS["RS256"], now=NOW, activates_at=NOW)
    db.session.execute(
        text("UPDATE signing_keys SET sealed = :sealed WHERE kid = :kid"),
        {"sealed": b"\0" * 1200, "kid": kid},
    )
    db.session.commit()
    key_ring.forget()
    assert kid not in {record.kid for record in signing_keys.records(now=NOW)}
    assert signing_keys.verification_key(kid, now=NOW) is None
    assert signing_keys.active("RS256", now=NOW).kid != kid


def test_a_sealed_key_does_not_vouch_for_another_row(context):
    own = signing_keys.active("RS256", now=NOW).kid
    foreign = ALGORITHMS["RS256"].generate(rsa_bits=2048)
    kid = key_table.add(foreign, ALGORITHMS["RS256"], now=NOW, activates_at=NOW)
    db.session.execute(
        text(
            "UPDATE signing_keys SET sealed = (SELECT sealed FROM signing_keys WHERE kid = :own) WHERE kid = :kid"
        ),
        {"own": own, "kid": kid},
    )
    db.session.commit()
    key_ring.forget()
    assert signing_keys.verification_key(kid, now=NOW) is None


@pytest.mark.spec("RFC 7638", "3")
def test_a_public_key_that_is_not_the_one_of_its_kid_is_not_published(make):
    first, second = make(), make()
    with first.app_context():
        signing_keys.ensure(now=NOW)
        kid = signing_keys.active("RS256", now=NOW).kid
        other = ALGORITHMS["RS256"].generate(rsa_bits=2048)["n"]
        replace_jwk(kid, lambda jwk: {**jwk, "n": other})
    with second.app_context():
        assert signing_keys.published(now=NOW) == []


def test_only_the_members_of_a_key_are_published(make):
    first, second = make(), make()
    with first.app_context():
        signing_keys.ensure(now=NOW)
        kid = signing_keys.active("RS256", now=NOW).kid
        replace_jwk(kid, lambda jwk: {**jwk, "x5u": "https://elsewhere.example"})
    with second.app_context():
        [record] = signing_keys.published(now=NOW)
        assert set(record.public_jwk) == {"kty", "n", "e", "use", "alg", "kid"}


def test_a_key_of_an_unknown_algorithm_is_left_alone(context):
    db.session.execute(text("UPDATE signing_keys SET algorithm = 'ML-DSA'"))
    db.session.commit()
    key_ring.forget()
    assert signing_keys.records(now=NOW) == []
