import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import OKPKey, RSAKey

from app.core.errors import InvalidInputError
from app.jose import algorithms
from app.jose.algorithms import ALGORITHMS


def pem(raw, encryption=None):
    return raw.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


@pytest.fixture(params=ALGORITHMS.values(), ids=ALGORITHMS)
def algorithm(request):
    return request.param


@pytest.mark.spec("RFC 8725", "3.2")
def test_neither_none_nor_hmac_can_be_chosen():
    assert set(ALGORITHMS) == {"RS256", "PS256", "ES256", "EdDSA"}
    assert {each.implementation.name for each in ALGORITHMS.values()} == set(ALGORITHMS)


@pytest.mark.spec("RFC 7638", "3.1")
def test_the_thumbprint_of_the_rsa_example_is_the_published_one():
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP"
        "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY"
        "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f"
        "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = RSAKey.import_key({"kty": "RSA", "n": modulus, "e": "AQAB"})
    assert algorithms.thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.spec("RFC 8037", "A.3")
def test_the_thumbprint_of_the_ed25519_example_is_the_published_one():
    public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": public})
    assert algorithms.thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.spec("RFC 7638", "3.2.1")
def test_private_and_public_half_have_one_thumbprint(algorithm):
    key = algorithm.generate(rsa_bits=2048)
    public = algorithms.public_key(algorithm, algorithms.public_jwk(key, algorithm))
    assert algorithms.thumbprint(public) == algorithms.thumbprint(key)


@pytest.mark.spec("RFC 7517", "9.3")
def test_a_public_jwk_holds_no_private_member(algorithm):
    jwk = algorithms.public_jwk(algorithm.generate(rsa_bits=2048), algorithm)
    assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & set(jwk)
    assert (jwk["use"], jwk["alg"]) == ("sig", algorithm.name)


def test_a_key_survives_being_written_and_read(algorithm):
    key = algorithm.generate(rsa_bits=2048)
    again = algorithms.from_der(algorithms.to_der(key))
    assert algorithms.thumbprint(again) == algorithms.thumbprint(key)
    assert algorithm.verify(b"message", algorithm.sign(b"message", again), key)


def test_a_signature_of_any_shape_is_answered_with_no(algorithm):
    key = algorithm.generate(rsa_bits=2048)
    genuine = algorithm.sign(b"message", key)
    for forged in (b"", b"\0" * len(genuine), genuine[:-1], genuine + b"\0", genuine[::-1]):
        assert not algorithm.verify(b"message", forged, key)
    assert not algorithm.verify(b"massage", genuine, key)


def test_an_ecdsa_signature_has_the_fixed_size_of_jws():
    algorithm = ALGORITHMS["ES256"]
    key = algorithm.generate(rsa_bits=2048)
    assert {len(algorithm.sign(bytes([number]), key)) for number in range(16)} == {64}


@pytest.mark.parametrize("bits", [2048, 3072])
def test_rsa_keys_have_the_size_that_is_set(bits):
    assert ALGORITHMS["RS256"].generate(rsa_bits=bits).raw_value.key_size == bits


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_a_fitting_pem_is_taken(name, raw):
    key = algorithms.from_pem(pem(raw), ALGORITHMS[name])
    assert key.raw_value.private_numbers if name == "ES256" else key.raw_value


def test_an_rsa_pem_of_the_older_form_is_taken(rsa_keys):
    raw = ALGORITHMS["RS256"].generate(rsa_bits=2048).raw_value
    text = raw.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert algorithms.from_pem(text, ALGORITHMS["PS256"]).raw_value.key_size == 2048


@pytest.mark.parametrize(
    ("name", "raw", "field"),
    [
        ("RS256", ec.generate_private_key(ec.SECP256R1()), "algorithm"),
        ("ES256", ec.generate_private_key(ec.SECP384R1()), "algorithm"),
        ("ES256", ec.generate_private_key(ec.SECP256K1()), "algorithm"),
        ("EdDSA", ed448.Ed448PrivateKey.generate(), "algorithm"),
        ("RS256", rsa.generate_private_key(65537, 1024), "pem"),  # noqa: S505 - to be refused
        ("RS256", rsa.generate_private_key(3, 2048), "pem"),
    ],
    ids=["kind", "curve", "koblitz", "ed448", "short", "exponent"],
)
@pytest.mark.spec("RFC 7518", "3.3")
def test_a_key_that_does_not_fit_is_refused(name, raw, field):
    with pytest.raises(InvalidInputError) as refusal:
        algorithms.from_pem(pem(raw), ALGORITHMS[name])
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "text", [b"", b"\xff\0", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_private_key_is_refused(text):
    with pytest.raises(InvalidInputError, match="not an unencrypted private key"):
        algorithms.from_pem(text, ALGORITHMS["RS256"])


def test_an_encrypted_or_public_key_is_refused():
    raw = ed25519.Ed25519PrivateKey.generate()
    public = raw.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for text in (pem(raw, BestAvailableEncryption(b"secret")), public):
        with pytest.raises(InvalidInputError, match="not an unencrypted private key"):
            algorithms.from_pem(text, ALGORITHMS["EdDSA"])
