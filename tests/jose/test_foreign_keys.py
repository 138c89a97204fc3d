"""Keys of others: which of them are tried, for what, and which never."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.core import public_jwk
from app.core.secrets import encode
from app.jose import foreign_keys
from app.jose.foreign_keys import KeySetInvalidError, parse
from tests.support.client_keys import SIGNING, ClientKey, jwks, key, x25519_key

RSA, PSS, EC, ED = (key(each) for each in ("RS256", "PS256", "ES256", "EdDSA"))
SEAL, AGREE, X = key("RSA-OAEP-256"), key("ECDH-ES"), x25519_key()


def parsed(*documents):
    return parse({"keys": list(documents)})


def public(*found):
    return [each.as_der(private=False) for each in found]


def infos(*keys):
    return [each.public_key_info() for each in keys]


@pytest.mark.spec("RFC 7517", "5")
@pytest.mark.parametrize("name", SIGNING)
def test_a_key_is_found_for_the_algorithms_of_its_kind_alone(name):
    found = parse(jwks(RSA, EC, ED, SEAL, AGREE, X)).signing(name, None)
    expected = {"RS256": RSA, "PS256": RSA, "ES256": EC, "EdDSA": ED, "Ed25519": ED}[name]
    assert public(*found) == infos(expected)


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("name", ["none", "HS256", "RS384", "ES384", "ES256K", "RSA-OAEP-256", ""])
def test_for_any_other_algorithm_there_is_no_key(name):
    keys = parse(jwks(RSA, EC, ED, SEAL, AGREE))
    assert keys.signing(name, None) == ()
    assert keys.encryption("RSA-OAEP" if name == "RSA-OAEP-256" else name) is None


@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_a_key_on_the_curve_for_agreement_signs_nothing(name):
    assert parsed(X.jwk(use=None)).signing(name, None) == ()


@pytest.mark.parametrize("name", ["RSA-OAEP-256", "ECDH-ES"])
def test_a_key_that_signs_is_not_encrypted_for(name):
    keys = parsed(RSA.jwk(), EC.jwk(), ED.jwk(use=None))
    assert keys.encryption(name) is None


def test_the_first_fitting_key_is_encrypted_for():
    keys = parse(jwks(RSA, X, AGREE, SEAL))
    found = keys.encryption("ECDH-ES")
    assert (public(found[0]), found[1]) == (infos(X), "x25519")
    found = keys.encryption("RSA-OAEP-256")
    assert (public(found[0]), found[1]) == (infos(SEAL), "rsa-oaep-256-0")
    assert parsed(AGREE.jwk(kid=None)).encryption("ECDH-ES")[1] is None


@pytest.mark.spec("RFC 7517", "4.2")
@pytest.mark.spec("RFC 7517", "4.3")
@pytest.mark.spec("RFC 7517", "4.4")
@pytest.mark.parametrize(
    ("members", "fits"),
    [
        ({"use": None}, True),
        ({"use": "sig"}, True),
        ({"use": "enc"}, False),
        ({"key_ops": ["verify"]}, True),
        ({"key_ops": ["sign", "verify"]}, True),
        ({"key_ops": ["sign"]}, False),
        ({"key_ops": []}, False),
        ({"alg": "RS256"}, True),
        ({"alg": "PS256"}, False),
        ({"alg": "RSA-OAEP-256"}, False),
    ],
)
def test_a_key_serves_what_its_owner_says_it_is_for(members, fits):
    assert bool(parsed(RSA.jwk(**members)).signing("RS256", None)) is fits


@pytest.mark.parametrize(
    ("members", "fits"),
    [
        ({"use": None}, True),
        ({"use": "sig"}, False),
        ({"key_ops": ["deriveKey"]}, True),
        ({"key_ops": ["verify"]}, False),
        ({"alg": "ECDH-ES"}, True),
        ({"alg": "ECDH-ES+A256KW"}, False),
    ],
)
def test_a_key_is_encrypted_for_as_its_owner_says(members, fits):
    assert bool(parsed(AGREE.jwk(**members)).encryption("ECDH-ES")) is fits


@pytest.mark.spec("RFC 9864", "2.2")
@pytest.mark.parametrize("own", [None, "EdDSA", "Ed25519"])
@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_the_two_names_of_one_algorithm_are_one(own, name):
    assert parsed(ED.jwk(alg=own)).signing(name, None)


@pytest.mark.spec("RFC 7517", "4.5")
def test_a_kid_that_is_there_is_the_only_one_tried():
    keys = parse(jwks(EC, key("ES256", 1)))
    assert public(*keys.signing("ES256", "es256-1")) == infos(key("ES256", 1))


def test_a_kid_that_is_not_there_finds_nothing():
    keys = parsed(EC.jwk(), key("ES256", 1).jwk(kid=None))
    assert keys.signing("ES256", "absent") == ()
    assert keys.signing("ES256", "") == ()


def test_without_a_kid_every_fitting_key_is_tried_in_order():
    keys = parse(jwks(EC, RSA, key("ES256", 1)))
    assert public(*keys.signing("ES256", None)) == infos(EC, key("ES256", 1))


def test_two_keys_of_one_kid_are_both_tried():
    keys = parsed(EC.jwk(kid="a"), key("ES256", 1).jwk(kid="a"))
    assert public(*keys.signing("ES256", "a")) == infos(EC, key("ES256", 1))


def test_not_more_than_four_keys_are_tried():
    several = [key("ES256", number).jwk(kid="a") for number in range(6)]
    for kid in (None, "a"):
        assert len(parsed(*several).signing("ES256", kid)) == 4


WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that it is weak is the point
LOW = rsa.generate_private_key(public_exponent=3, key_size=2048)
WIDE = ec.generate_private_key(ec.SECP384R1())
UNUSABLE = {
    "weak": ClientKey(WEAK, "RS256", "a").jwk(),
    "low exponent": ClientKey(LOW, "RS256", "a").jwk(),
    "high exponent": RSA.jwk(e=encode((2**64 + 1).to_bytes(9, "big"))),
    "even exponent": RSA.jwk(e=encode((65538).to_bytes(3, "big"))),
    "huge": RSA.jwk(n=encode(b"\xff" * 1025)),
    "P-384": ClientKey(WIDE, "ES384", "a").jwk(),
    "Ed448": {"kty": "OKP", "crv": "Ed448", "x": encode(b"1" * 57)},
    "off the curve": EC.jwk(x=encode(b"\x01" * 32)),
    "short point": EC.jwk(x=encode(b"\x01" * 31)),
    "padded": EC.jwk(x=EC.jwk()["x"] + "="),
    "not base64url": ED.jwk(x="!" * 43),
    "a number": RSA.jwk(n=65537),
    "curve of another kind": {"kty": "EC", "crv": "Ed25519", "x": ED.jwk()["x"]},
    "no kind": {"kid": "a"},
    "unknown kind": {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
    "odd kind": {"kty": ["RSA"]},
    "symmetric": {"kty": "oct", "k": encode(b"1" * 32)},
    "private RSA": RSA.private_jwk(),
    "private EC": EC.private_jwk(),
    "private Ed25519": ED.private_jwk(),
    "use": EC.jwk(use="both"),
    "use of no text": EC.jwk(use=["sig"]),
    "operations": EC.jwk(key_ops="verify"),
    "operations of no text": EC.jwk(key_ops=[{}]),
    "kid": EC.jwk(kid=7),
    "long kid": EC.jwk(kid="k" * 257),
    "invisible kid": EC.jwk(kid="a\0b"),
    "alg": EC.jwk(alg=["ES256"]),
    "a text": "key",
    "nothing": None,
}


@pytest.mark.spec("RFC 7517", "5")
@pytest.mark.spec("RFC 8725", "3.5")
@pytest.mark.parametrize("unusable", UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_cannot_be_used_is_left_out_and_spoils_no_other(unusable):
    keys = parsed(unusable, PSS.jwk())
    assert [each.public_key_info() for each in keys.keys] == infos(PSS)
    with pytest.raises(KeySetInvalidError):
        parsed(unusable)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": []},
        {"keys": {}},
        {"keys": "RSA"},
        {"keys": None},
        [],
        {"keys": [EC.jwk()] * 21},
        {"keys": [EC.jwk(note="x" * 65536)]},
        {"keys": [EC.jwk(note=b"x")]},
    ],
)
def test_what_is_no_key_set_of_acceptable_size_is_refused(document):
    with pytest.raises(KeySetInvalidError):
        parse(document)


def test_a_set_is_parsed_once_and_again_when_it_changed(monkeypatch):
    document = {"keys": [EC.jwk(kid="parsed-once")]}
    first = parse(document)
    monkeypatch.setattr(public_jwk, "read", None)
    assert parse({"keys": [EC.jwk(kid="parsed-once")]}) is first
    with pytest.raises(TypeError):
        parse({"keys": [EC.jwk(kid="changed")]})


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(foreign_keys, "_MAX_REMEMBERED", 3)
    monkeypatch.setattr(foreign_keys, "_parsed", type(foreign_keys._parsed)())
    kept = parsed(EC.jwk(kid="kept"))
    for number in range(6):
        parsed(EC.jwk(kid=str(number)))
        assert parsed(EC.jwk(kid="kept")) is kept
    assert len(foreign_keys._parsed) == 3


def test_many_threads_may_parse_at_once(monkeypatch):
    monkeypatch.setattr(foreign_keys, "_MAX_REMEMBERED", 2)
    documents = [{"keys": [EC.jwk(kid=str(number % 5))]} for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(parse, documents))
    assert [each.keys[0].about.kid for each in found] == [str(n % 5) for n in range(200)]
