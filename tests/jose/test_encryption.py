"""Encrypted answers: who can read them, and that nothing goes out in clear instead."""

import pytest
from joserfc.errors import JoseError

from app.core.secrets import encode
from app.jose.encryption import NoEncryptionKeyError, encrypt
from app.jose.foreign_keys import parse
from tests.support.client_keys import ClientKey, decrypted, jwks, key, signed, x25519_key

SEAL, AGREE, X = key("RSA-OAEP-256"), key("ECDH-ES"), x25519_key()
TOKEN = signed(key("ES256"), {"sub": "ada"})
PAIRS = [
    (recipient, encryption)
    for recipient in (SEAL, AGREE, X)
    for encryption in ("A128GCM", "A256GCM")
]


def sealed(*recipients, algorithm="ECDH-ES", encryption="A128GCM", **options):
    keys = parse(jwks(*recipients))
    return encrypt(TOKEN, keys, algorithm=algorithm, encryption=encryption, **options)


@pytest.mark.spec("RFC 7516", "5.1")
@pytest.mark.spec("RFC 7518", "4.3")
@pytest.mark.spec("RFC 7518", "4.6")
@pytest.mark.spec("RFC 7518", "5.3")
@pytest.mark.parametrize(
    ("recipient", "encryption"), PAIRS, ids=[f"{one.kid}-{enc}" for one, enc in PAIRS]
)
def test_the_recipient_reads_what_was_signed(recipient: ClientKey, encryption):
    token = sealed(recipient, algorithm=recipient.algorithm, encryption=encryption)
    header, content = decrypted(recipient, token)
    assert content == TOKEN
    assert header["alg"] == recipient.algorithm
    assert header["enc"] == encryption
    assert header["kid"] == recipient.kid


@pytest.mark.spec("RFC 7516", "3.1")
def test_nobody_else_reads_it():
    token = sealed(AGREE)
    assert token.count(".") == 4
    assert TOKEN.split(".")[1] not in token
    with pytest.raises(JoseError):
        decrypted(key("ECDH-ES", 1), token)


@pytest.mark.spec("RFC 7519", "5.2")
def test_a_nested_token_says_so():
    header, _ = decrypted(AGREE, sealed(AGREE))
    assert (header["typ"], header["cty"]) == ("JWT", "JWT")


def test_claims_that_are_no_token_do_not_say_so():
    header, _ = decrypted(AGREE, sealed(AGREE, nested=False))
    assert "cty" not in header


@pytest.mark.spec("RFC 8725", "3.6")
def test_nothing_is_compressed():
    header, _ = decrypted(AGREE, sealed(AGREE))
    assert "zip" not in header


def test_two_times_the_same_is_not_the_same_twice():
    assert sealed(SEAL, algorithm="RSA-OAEP-256") != sealed(SEAL, algorithm="RSA-OAEP-256")


def test_a_key_without_a_name_is_encrypted_for_without_one():
    keys = parse({"keys": [AGREE.jwk(kid=None)]})
    token = encrypt(TOKEN, keys, algorithm="ECDH-ES", encryption="A256GCM")
    assert "kid" not in decrypted(AGREE, token)[0]


@pytest.mark.parametrize("algorithm", ["RSA-OAEP-256", "ECDH-ES"])
def test_without_a_fitting_key_there_is_no_answer(algorithm):
    with pytest.raises(NoEncryptionKeyError) as refused:
        sealed(key("ES256"), key("RS256"), algorithm=algorithm)
    assert refused.value.public == "The client has no key to encrypt for."


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_a_point_that_anybody_could_have_agreed_on_is_not_encrypted_for(point):
    keys = parse({"keys": [X.jwk(x=encode(point))]})
    with pytest.raises(NoEncryptionKeyError):
        encrypt(TOKEN, keys, algorithm="ECDH-ES", encryption="A128GCM")


@pytest.mark.parametrize(
    ("algorithm", "encryption"),
    [
        ("RSA1_5", "A128GCM"),
        ("RSA-OAEP", "A128GCM"),
        ("dir", "A128GCM"),
        ("ECDH-ES", "A128CBC-HS256"),
        ("ECDH-ES", "none"),
        ("RS256", "A128GCM"),
    ],
)
def test_another_algorithm_is_not_even_tried(algorithm, encryption):
    with pytest.raises(ValueError, match="not done here"):
        sealed(AGREE, algorithm=algorithm, encryption=encryption)
