import string
from datetime import timedelta

import jwt as pyjwt
import pytest

from app.jose import signing_keys
from app.jose.algorithms import ALGORITHMS
from app.jose.signing_keys import NoSigningKeyError
from tests.jose.applications import ISSUER, NOW
from tests.jose.tokens import CLAIMS, SKEW, START, TYP, header_of, read, refused, signed


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_signed_is_believed(every_algorithm, algorithm):
    token = signed(algorithm=algorithm)
    verified = read(token)
    assert verified.claims == CLAIMS
    kid = signing_keys.active(algorithm, now=NOW).kid
    assert verified.header == {"alg": algorithm, "kid": kid, "typ": TYP}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_library_believes_it_from_the_public_key_set(every_algorithm, algorithm):
    token = signed(algorithm=algorithm)
    keys = {
        record.kid: pyjwt.PyJWK(dict(record.public_jwk))
        for record in signing_keys.published(now=NOW)
    }
    key = keys[pyjwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False}
    claims = pyjwt.decode(token, key, algorithms=[algorithm], issuer=ISSUER, options=options)
    assert claims == CLAIMS


@pytest.mark.spec("RFC 7515", "3.1")
def test_a_token_is_three_parts_of_unpadded_base64url(context):
    parts = signed({**CLAIMS, "name": "Zoë ?>~ \U0001f511"}).split(".")
    assert len(parts) == 3
    assert set("".join(parts)) <= set(string.ascii_letters + string.digits + "-_")
    assert read(".".join(parts)).claims["name"] == "Zoë ?>~ \U0001f511"


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1")
def test_a_token_always_names_its_key(context):
    assert header_of(signed(typ=None)) == {
        "alg": "RS256",
        "kid": signing_keys.active("RS256", now=NOW).kid,
    }


def test_the_header_follows_a_rotation(context):
    before = header_of(signed())["kid"]
    signing_keys.rotate("RS256", immediate=True, now=NOW)
    assert header_of(signed())["kid"] != before


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES256"])
def test_without_an_active_key_nothing_is_signed(context, algorithm):
    with pytest.raises(NoSigningKeyError):
        signed(algorithm=algorithm)


def test_a_number_that_json_does_not_know_is_not_signed(context):
    with pytest.raises(ValueError, match="not JSON compliant"):
        signed({**CLAIMS, "weight": float("nan")})


@pytest.mark.spec("RFC 9068", "4")
@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+JWT"])
def test_the_typ_is_compared_as_a_media_type(context, typ):
    assert read(signed(typ=typ)).claims == CLAIMS
    assert read(signed(), typ=[typ]).claims == CLAIMS


@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.parametrize(
    ("given_typ", "accepted"),
    [
        ("JWT", ["at+jwt"]),
        (None, ["at+jwt"]),
        ("at+jwt", ["JWT", None]),
        ("logout+jwt", ["JWT", None]),
        ("jwt+at+jwt", ["at+jwt"]),
        ("at+jwt", []),
    ],
)
def test_a_token_of_one_kind_is_not_taken_for_another(context, given_typ, accepted):
    assert refused(signed(typ=given_typ), typ=accepted) == "not a token of this kind"


def test_a_remembered_header_does_not_change_what_kind_is_asked_for(context):
    token = signed(typ="JWT")
    assert read(token, typ=["JWT"]).claims == CLAIMS
    refused(token, typ=["at+jwt"])


def test_a_token_without_typ_is_taken_where_that_is_allowed(context):
    assert read(signed(typ=None), typ=["JWT", None]).claims == CLAIMS


@pytest.mark.spec("RFC 7519", "4.1.1")
@pytest.mark.parametrize("issuer", ["https://id.example/", "https://ID.example", "", None])
def test_the_issuer_is_compared_exactly(context, issuer):
    assert refused(signed({**CLAIMS, "iss": issuer})) == "another issuer"


@pytest.mark.spec("RFC 7519", "4.1.4")
def test_a_token_ends_with_the_second_it_names(context):
    token = signed()
    end = NOW + timedelta(seconds=600)
    assert read(token, now=end - timedelta(milliseconds=1))
    assert refused(token, now=end) == "expired"


def test_an_expired_token_is_read_where_that_is_allowed(context):
    assert read(signed(), now=NOW + timedelta(days=2), allow_expired=True).claims == CLAIMS


@pytest.mark.spec("RFC 7519", "4.1.5")
@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_token_from_the_future_is_refused_beyond_the_skew(context, claim):
    later = START + int(SKEW.total_seconds())
    assert read(signed({**CLAIMS, claim: later}))
    assert refused(signed({**CLAIMS, claim: later + 1})) == "not valid yet"


@pytest.mark.spec("RFC 7519", "2")
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [None, "1900000000", True, 1.5, [], {}, float(START)])
def test_an_instant_is_a_whole_number(context, claim, value):
    detail = refused(signed({**CLAIMS, claim: value}))
    assert detail == "exp, iat or nbf is not a whole number of seconds"


@pytest.mark.parametrize("claim", ["exp", "iat"])
def test_a_token_says_when_it_begins_and_ends(context, claim):
    claims = {name: value for name, value in CLAIMS.items() if name != claim}
    assert "whole number" in refused(signed(claims), allow_expired=True)


def test_an_instant_beyond_every_calendar_is_no_error(context):
    assert read(signed({**CLAIMS, "exp": 10**40})).claims["exp"] == 10**40
    assert refused(signed({**CLAIMS, "nbf": 10**400})) == "not valid yet"
