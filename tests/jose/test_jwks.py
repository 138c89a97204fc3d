import json
from datetime import timedelta

import pytest
from joserfc.jwk import KeySet

from app.jose import jwks, signing_keys
from tests.jose.applications import NOW

NOTICE = timedelta(minutes=16)
SECOND = timedelta(seconds=1)
PUBLIC = {
    "RSA": {"kty", "n", "e", "use", "alg", "kid"},
    "EC": {"kty", "crv", "x", "y", "use", "alg", "kid"},
    "OKP": {"kty", "crv", "x", "use", "alg", "kid"},
}


def keys(now):
    return json.loads(jwks.document(now=now).body)["keys"]


@pytest.mark.spec("RFC 7517", "5")
def test_the_key_set_holds_public_members_only(every_algorithm):
    found = keys(NOW)
    assert len(found) == 4
    for key in found:
        assert set(key) == PUBLIC[key["kty"]]
        assert key["use"] == "sig"
    assert len(KeySet.import_key_set({"keys": found}).keys) == 4


@pytest.mark.spec("RFC 7517", "4.5")
def test_every_key_has_its_own_kid(every_algorithm):
    signing_keys.rotate(None, immediate=False, now=NOW)
    kids = [key["kid"] for key in keys(NOW)]
    assert len(kids) == len(set(kids)) == 8


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_announced_and_retiring_keys_are_in_the_set_and_gone_ones_are_not(context):
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    assert len(keys(NOW)) == 2
    assert len(keys(NOW + NOTICE)) == 2
    assert len(keys(NOW + timedelta(days=3))) == 1


def test_the_signing_key_comes_first(context):
    [new] = signing_keys.rotate("RS256", immediate=False, now=NOW)
    assert keys(NOW)[1]["kid"] == new.kid
    assert keys(NOW + NOTICE)[0]["kid"] == new.kid


def test_the_bytes_are_made_once(context):
    assert jwks.document(now=NOW).body is jwks.document(now=NOW + SECOND).body


def test_a_change_makes_new_bytes(context):
    before = jwks.document(now=NOW).body
    signing_keys.rotate("RS256", immediate=True, now=NOW)
    assert jwks.document(now=NOW).body != before


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_the_set_may_be_kept_until_the_next_change_at_the_latest(context):
    assert jwks.document(now=NOW).max_age == 900
    signing_keys.rotate("RS256", immediate=False, now=NOW)
    assert jwks.document(now=NOW + NOTICE - 20 * SECOND).max_age == 20
    assert jwks.document(now=NOW + NOTICE).max_age == 900


def test_nobody_who_obeys_max_age_meets_a_key_that_they_do_not_have(context):
    before = jwks.document(now=NOW - SECOND)
    [new] = signing_keys.rotate("RS256", immediate=False, now=NOW)
    assert NOW - SECOND + timedelta(seconds=before.max_age) < new.activates_at


def test_an_empty_table_is_an_empty_set(make):
    with make().app_context():
        assert keys(NOW) == []
