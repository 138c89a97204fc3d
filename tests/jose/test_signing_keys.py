from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.audit import events
from app.core.db import db
from app.core.errors import ConflictError, InvalidInputError
from app.core.root_key import SealBrokenError
from app.jose import jwt, key_ring, signing_keys
from app.jose.signing_keys import NoSigningKeyError
from tests.jose.applications import ISSUER, NOW, root_keys

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
# The defaults: 15 minutes of caching and one of skew; ninety days of use.
NOTICE = timedelta(minutes=16)
INTERVAL = 90 * DAY
AFTERLIFE = DAY + timedelta(minutes=1)
SESSION = 7 * DAY


def states(now):
    return {record.kid: record.state for record in signing_keys.records(now=now)}


def only(now, algorithm="RS256"):
    return signing_keys.active(algorithm, now=now).kid


def token(now, *, lifetime=timedelta(minutes=10)):
    start = int(now.timestamp())
    claims = {"iss": ISSUER, "iat": start, "exp": start + int(lifetime.total_seconds())}
    return jwt.sign(claims, algorithm="RS256", typ="JWT", now=now)


def verify(presented, now, **options):
    return jwt.verify(presented, typ=["JWT"], now=now, issuer=ISSUER, **options)


def pem(raw):
    return raw.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def p256():
    return pem(ec.generate_private_key(ec.SECP256R1()))


def test_the_first_key_signs_at_once(context):
    [record] = signing_keys.records(now=NOW)
    assert (record.state, record.activates_at, record.retires_at) == ("active", NOW, None)
    assert only(NOW) == record.kid


def test_every_configured_algorithm_has_a_key(every_algorithm):
    kids = {only(NOW, name) for name in ("RS256", "PS256", "ES256", "EdDSA")}
    assert len(kids) == 4


def test_ensuring_again_makes_nothing(context):
    before = signing_keys.records(now=NOW)
    signing_keys.ensure(now=NOW + 100 * DAY)
    assert signing_keys.records(now=NOW) == before


def test_an_algorithm_configured_later_gets_its_key(context, make):
    with make(SIGNING_ALGORITHMS="ES256").app_context():
        signing_keys.ensure(now=NOW + DAY)
        assert only(NOW + DAY, "ES256")
        assert len(signing_keys.records(now=NOW + DAY)) == 2


@pytest.mark.parametrize("algorithm", ["ES256", "none", "HS256", ""])
def test_nothing_signs_without_an_active_key(context, algorithm):
    with pytest.raises(NoSigningKeyError):
        signing_keys.active(algorithm, now=NOW)


def test_a_key_is_not_used_before_its_time(context):
    with pytest.raises(NoSigningKeyError):
        signing_keys.active("RS256", now=NOW - SECOND)


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_a_new_key_is_published_before_it_signs(context):
    old = only(NOW)
    [new] = signing_keys.rotate("RS256", immediate=False, now=NOW)
    assert (new.state, new.activates_at) == ("announced", NOW + NOTICE)
    assert {record.kid for record in signing_keys.published(now=NOW)} == {old, new.kid}
    assert only(NOW + NOTICE - SECOND) == old
    assert only(NOW + NOTICE) == new.kid


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_an_old_key_is_published_until_its_last_token_has_expired(context):
    old = only(NOW)
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    gone = NOW + NOTICE + AFTERLIFE
    assert states(NOW + NOTICE)[old] == "retiring"
    assert old in {record.kid for record in signing_keys.published(now=gone - SECOND)}
    assert old not in {record.kid for record in signing_keys.published(now=gone)}
    assert states(gone)[old] == "gone"


def test_there_is_exactly_one_signing_key_at_every_moment_of_a_rotation(context):
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    for seconds in range(0, int(NOTICE.total_seconds()) + 120, 30):
        alive = list(states(NOW + seconds * SECOND).values())
        assert alive.count("active") == 1


def test_asking_twice_for_a_rotation_announces_one_key(context):
    first = signing_keys.rotate("RS256", immediate=False, now=NOW)
    again = signing_keys.rotate("RS256", immediate=False, now=NOW + SECOND)
    assert [record.kid for record in again] == [record.kid for record in first]
    assert len(signing_keys.records(now=NOW)) == 2


def test_a_rotation_without_an_algorithm_rotates_all(every_algorithm):
    new = signing_keys.rotate(None, immediate=False, now=NOW)
    assert sorted(record.algorithm for record in new) == ["ES256", "EdDSA", "PS256", "RS256"]
    assert {record.state for record in new} == {"announced"}


def test_an_algorithm_that_is_not_configured_is_not_rotated(context):
    with pytest.raises(InvalidInputError) as refusal:
        signing_keys.rotate("ES256", immediate=True, now=NOW)
    assert refusal.value.field == "algorithm"


def test_an_immediate_rotation_withdraws_every_key_there_is(context):
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    later = NOW + 2 * NOTICE
    signing_keys.rotate("RS256", immediate=False, now=later)
    assert sorted(states(later).values()) == ["active", "announced", "retiring"]
    presented = token(later)
    [new] = signing_keys.rotate("RS256", immediate=True, now=later)
    assert [record.kid for record in signing_keys.published(now=later)] == [new.kid]
    assert only(later) == new.kid
    for allowed in (False, True):
        with pytest.raises(jwt.InvalidTokenError):
            verify(presented, later, allow_expired=allowed)


def test_a_key_rotates_when_it_reaches_the_interval(context):
    first = only(NOW)
    assert not signing_keys.rotate_due(now=NOW + INTERVAL - NOTICE - SECOND)
    assert signing_keys.rotate_due(now=NOW + INTERVAL - NOTICE)
    assert not signing_keys.rotate_due(now=NOW + INTERVAL - NOTICE + SECOND)
    assert only(NOW + INTERVAL - SECOND) == first
    assert only(NOW + INTERVAL) != first


def test_a_server_that_slept_past_the_interval_still_announces_first(context):
    late = NOW + 10 * INTERVAL
    first = only(late)
    assert signing_keys.rotate_due(now=late)
    assert only(late + NOTICE - SECOND) == first
    assert only(late + NOTICE) != first


def test_a_token_outlives_the_rotation_of_its_key(context):
    presented = token(NOW + NOTICE - SECOND, lifetime=DAY)
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    assert verify(presented, NOW + NOTICE + DAY - 2 * SECOND).claims["iss"] == ISSUER


@pytest.mark.spec("OpenID Connect RP-Initiated Logout 1.0", "2")
def test_an_old_id_token_still_says_who_signs_out_after_its_key_has_gone(context):
    presented = token(NOW)
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    much_later = NOW + 5 * DAY
    assert verify(presented, much_later, allow_expired=True).claims["iss"] == ISSUER
    with pytest.raises(jwt.InvalidTokenError):
        verify(presented, much_later)


def test_gone_keys_are_purged_when_no_session_can_remember_them(context):
    old = only(NOW)
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    gone = NOW + NOTICE + AFTERLIFE
    assert signing_keys.purge(gone + SESSION) == 0
    assert signing_keys.purge(gone + SESSION + SECOND) == 1
    assert old not in states(gone)
    db.session.commit()


def test_an_imported_key_is_announced_like_any_other(every_algorithm):
    old = only(NOW, "ES256")
    record = signing_keys.import_key(p256(), algorithm="ES256", now=NOW)
    assert (record.state, record.activates_at) == ("announced", NOW + NOTICE)
    assert only(NOW, "ES256") == old
    assert only(NOW + NOTICE, "ES256") == record.kid


def test_an_imported_key_without_a_predecessor_signs_at_once(make):
    with make(SIGNING_ALGORITHMS="ES256").app_context():
        record = signing_keys.import_key(p256(), algorithm="ES256", now=NOW)
        signing_keys.ensure(now=NOW)
        assert only(NOW, "ES256") == record.kid


def test_a_key_is_imported_once(every_algorithm):
    text = p256()
    signing_keys.import_key(text, algorithm="ES256", now=NOW)
    with pytest.raises(ConflictError, match="already here"):
        signing_keys.import_key(text, algorithm="ES256", now=NOW + 2 * NOTICE)


def test_an_import_does_not_push_aside_an_announced_key(every_algorithm):
    signing_keys.rotate("ES256", immediate=False, now=NOW)
    with pytest.raises(ConflictError, match="already announced"):
        signing_keys.import_key(p256(), algorithm="ES256", now=NOW)


def test_a_key_for_an_algorithm_that_is_not_kept_is_not_imported(context):
    with pytest.raises(InvalidInputError):
        signing_keys.import_key(p256(), algorithm="ES256", now=NOW)


def test_the_next_change_is_the_earliest_planned_one(context):
    assert signing_keys.next_change(now=NOW) == NOW + INTERVAL - NOTICE
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    assert signing_keys.next_change(now=NOW) == NOW + NOTICE
    assert signing_keys.next_change(now=NOW + NOTICE) == NOW + NOTICE + AFTERLIFE


def test_a_new_root_key_seals_the_keys_anew(context, make):
    kid = only(NOW)
    presented = token(NOW)
    with make(keys=root_keys(8, 7)).app_context():
        signing_keys.ensure(now=NOW)
    with make(keys=root_keys(8)).app_context():
        signing_keys.ensure(now=NOW)
        assert only(NOW) == kid
        assert verify(presented, NOW).claims["iss"] == ISSUER


def test_a_retiring_key_is_sealed_anew_as_well(context, make):
    presented = token(NOW)
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    with make(keys=root_keys(8, 7)).app_context():
        signing_keys.ensure(now=NOW + NOTICE)
    with make(keys=root_keys(8)).app_context():
        assert verify(presented, NOW + timedelta(minutes=9)).claims["iss"] == ISSUER


def test_without_its_root_key_an_installation_does_not_start(context, make):
    with make(keys=root_keys(9)).app_context():
        with pytest.raises(SealBrokenError):
            signing_keys.ensure(now=NOW)
        with pytest.raises(NoSigningKeyError):
            signing_keys.active("RS256", now=NOW)


def test_every_change_of_keys_is_recorded(every_algorithm):
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    signing_keys.import_key(p256(), algorithm="ES256", now=NOW)
    kinds = [event.kind for event in events.tail(limit=50)]
    assert kinds == ["key.imported", "key.rotated", *["key.created"] * 4]
    latest = events.tail(limit=1)[0].detail
    assert set(latest) == {"kid", "algorithm", "activates_at"}


def test_a_refused_change_leaves_no_trace(every_algorithm, monkeypatch):
    before = signing_keys.records(now=NOW)

    def fails(*_arguments, **_options):
        raise RuntimeError("no room")

    monkeypatch.setattr(events, "record", fails)
    with pytest.raises(RuntimeError):
        signing_keys.rotate(None, immediate=True, now=NOW)
    key_ring.forget()
    assert signing_keys.records(now=NOW) == before


def test_a_private_key_is_in_no_representation(context):
    key = signing_keys.active("RS256", now=NOW)
    assert "private" not in repr(key)
    assert "d" not in key.public_jwk
