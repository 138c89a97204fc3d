"""Key sets of clients: what is stored of them, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.public_keys import checked
from app.core.errors import InvalidInputError
from app.core.secrets import encode
from tests.support.client_keys import SIGNING, jwks, key, x25519_key

RSA, EC, ED = key("RS256"), key("ES256"), key("EdDSA")
PRIVATE = {each.algorithm: each.private_jwk() for each in (RSA, EC, ED, x25519_key())}
PRIVATE |= {
    name: EC.jwk() | {name: "AAAA"} for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
}
PRIVATE["symmetric"] = {"kty": "oct", "k": "AAAA"}
PRIVATE["emptied"] = EC.jwk() | {"d": ""}
PRIVATE["of an unknown kind"] = {"kty": "AKP", "pub": "AAAA", "d": "AAAA"}
UNKNOWN = {
    "kind": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
    "curve": EC.jwk(crv="P-384"),
    "weak": RSA.jwk(n="AQAB"),
    "even modulus": RSA.jwk(n=encode(b"\xfe" * 256)),
    "even exponent": RSA.jwk(e=encode(b"\x01\x00\x02")),
    "kid": EC.jwk(kid=["a"]),
    "use": EC.jwk(use="tls"),
    "no object": "key",
    "certificates": EC.jwk(x5c="MIIB"),
    "certificate of no text": EC.jwk(x5c=[7]),
    "certificate that cannot be stored": EC.jwk(x5c=["\0"]),
    "many certificates": EC.jwk(x5c=["MIIB"] * 11),
    "thumbprint": EC.jwk(x5t=7),
}


def refusal(document, **options):
    with pytest.raises(InvalidInputError) as refused:
        checked(document, **options)
    assert refused.value.field == "jwks"
    return refused.value.public


@pytest.mark.spec("RFC 7591", "2")
@pytest.mark.parametrize("is_fetched", [False, True])
def test_a_public_key_set_is_kept_as_it_is(is_fetched):
    document = jwks(*map(key, SIGNING), key("RSA-OAEP-256"), key("ECDH-ES"), x25519_key())
    document["keys"][0] |= {"alg": "RS256", "key_ops": ["verify"], "x5c": ["MIIB"], "x5t": "a"}
    document["keys"][1] |= {"x5t#S256": "b"}
    assert checked(document, lenient=is_fetched) == document


def test_what_no_standard_names_is_not_kept():
    document = {"keys": [EC.jwk(note="x", x5u="https://a.example/", exp=1)], "more": 1}
    assert checked(document) == {"keys": [EC.jwk()]}


def test_a_member_that_is_null_is_absent():
    nothing = dict.fromkeys(("kid", "use", "alg", "key_ops", "x5c", "x5t", "x5t#S256"))
    assert checked({"keys": [EC.jwk() | nothing]}) == {"keys": [EC.jwk(kid=None, use=None)]}


@pytest.mark.spec("RFC 7517", "9.3")
@pytest.mark.spec("ASVS 5.0", "13.3.1")
@pytest.mark.parametrize("is_fetched", [False, True])
@pytest.mark.parametrize("private", PRIVATE.values(), ids=PRIVATE)
def test_a_set_with_a_private_key_is_refused_as_a_whole(private, is_fetched):
    assert "private key" in refusal({"keys": [RSA.jwk(), private]}, lenient=is_fetched)


@pytest.mark.parametrize("unknown", UNKNOWN.values(), ids=UNKNOWN)
def test_a_key_that_cannot_be_used_is_refused_when_registered(unknown):
    assert refusal({"keys": [EC.jwk(), unknown]}).startswith("In a key set ")


@pytest.mark.spec("RFC 7517", "5")
@pytest.mark.parametrize("unknown", UNKNOWN.values(), ids=UNKNOWN)
def test_a_key_that_cannot_be_used_is_left_out_when_fetched(unknown):
    assert checked({"keys": [unknown, EC.jwk()]}, lenient=True) == jwks(EC)


def test_a_set_that_was_emptied_is_empty_when_fetched_and_refused_when_registered():
    assert checked({"keys": []}, lenient=True) == {"keys": []}
    assert "at least one" in refusal({"keys": []})


@pytest.mark.parametrize("is_fetched", [False, True])
@pytest.mark.parametrize("document", [None, [], "{}", 7, {}, {"keys": None}, {"keys": {}}])
def test_what_is_no_key_set_is_refused(document, is_fetched):
    assert "list called keys" in refusal(document, lenient=is_fetched)


@pytest.mark.parametrize("is_fetched", [False, True])
def test_a_key_set_has_a_largest_size(is_fetched):
    assert len(checked({"keys": [EC.jwk()] * 20})["keys"]) == 20
    assert "at most 20" in refusal({"keys": [EC.jwk()] * 21}, lenient=is_fetched)
    large = {"keys": [EC.jwk(x5c=["A" * 16384] * 5)]}
    assert "65536" in refusal(large, lenient=is_fetched)


def test_no_refusal_repeats_a_key():
    for private in (RSA.private_jwk(), {**EC.private_jwk(), "kty": "none"}):
        assert private["d"] not in refusal({"keys": [private]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops", "x5c"])


@given(members=st.dictionaries(MEMBERS, JSON), is_fetched=st.booleans())
def test_any_key_is_kept_or_refused(members, is_fetched):
    try:
        found = checked({"keys": [EC.jwk() | members]}, lenient=is_fetched)
    except InvalidInputError as error:
        assert error.field == "jwks"  # noqa: PT017 - both ends are right, no other is
    else:
        json.dumps(found).encode("ascii")
