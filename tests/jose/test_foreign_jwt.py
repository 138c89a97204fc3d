"""JWTs of others: what proves one, and everything that does not."""

import hmac
import json
from datetime import UTC, datetime, timedelta

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import InvalidKeyTypeError

from app.core.secrets import decode, encode
from app.jose import foreign_jwt
from app.jose.algorithms import FOREIGN
from app.jose.foreign_jwt import (
    ForeignTokenInvalidError,
    NoMatchingKeyError,
    Rules,
    Window,
    check_times,
    peek,
    verify,
    verify_with_secrets,
)
from app.jose.foreign_keys import parse
from tests.support.client_keys import SIGNING, compact, hmac_signed, jwks, key, signed, x25519_key

RSA, PSS, EC, ED = (key(each) for each in ("RS256", "PS256", "ES256", "EdDSA"))
KEYS = parse(jwks(RSA, PSS, EC, ED, key("Ed25519")))
CLAIMS = {"iss": "client", "exp": 2_000_000_000}
ANY = Rules(SIGNING, (None,))
SECRET = "s" * 43
BY_SECRET = Rules(("HS256",), (None,))


def refused(token, *, keys=KEYS, rules=ANY, error=ForeignTokenInvalidError):
    with pytest.raises(error) as refusal:
        verify(token, keys, rules)
    assert refusal.value.public == "The token is not valid."
    return refusal.value.detail


@pytest.mark.spec("RFC 7515", "5.2")
@pytest.mark.parametrize("name", SIGNING)
def test_a_token_of_a_registered_key_is_genuine(name):
    assert verify(signed(key(name), CLAIMS), KEYS, ANY) == CLAIMS


@pytest.mark.parametrize("name", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_made_by_another_library_is_genuine(name):
    token = pyjwt.encode(CLAIMS, key(name).private, name, headers={"kid": key(name).kid})
    assert verify(token, KEYS, ANY) == CLAIMS


# The examples of RFC 7515, appendix A: the claims, and the keys they were signed with.
PAYLOAD = (
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
JOE = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
A1_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
A1 = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
A2_KEY = {
    "kty": "RSA",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "e": "AQAB",
}
A2 = f"eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
A3 = f"eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
ED_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
ED_JWS = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"


@pytest.mark.spec("RFC 7515", "A.1")
def test_the_hmac_example_is_genuine():
    assert verify_with_secrets(A1, [decode(A1_KEY)], BY_SECRET) == JOE


@pytest.mark.spec("RFC 7515", "A.2")
@pytest.mark.spec("RFC 7515", "A.3")
@pytest.mark.parametrize(("token", "jwk"), [(A2, A2_KEY), (A3, A3_KEY)], ids=["A.2", "A.3"])
def test_the_examples_of_signatures_are_genuine(token, jwk):
    assert verify(token, parse({"keys": [jwk]}), ANY) == JOE


@pytest.mark.spec("RFC 7515", "A.4")
def test_the_example_of_an_algorithm_that_is_not_done_here_is_refused():
    assert "not allowed" in refused("eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l1", rules=ANY)


@pytest.mark.spec("RFC 8037", "A.4")
@pytest.mark.parametrize("name", ["EdDSA", "Ed25519"])
def test_the_ed25519_example_is_genuine_by_either_name(name):
    [public] = parse({"keys": [ED_KEY]}).signing(name, None)
    message, _, signature = ED_JWS.rpartition(".")
    assert FOREIGN[name].verify(message.encode(), decode(signature), public)
    # What was signed there is no JWT.
    assert "the claims" in refused(ED_JWS, keys=parse({"keys": [ED_KEY]}))


@pytest.mark.spec("RFC 8725", "3.3")
@pytest.mark.parametrize("name", SIGNING)
def test_a_change_anywhere_breaks_the_signature(name):
    head, payload, signature = signed(key(name), CLAIMS).split(".")
    other = encode(json.dumps({**CLAIMS, "iss": "other"}).encode())
    raw = bytearray(decode(signature))
    raw[-1] ^= 1
    for token in (f"{head}.{other}.{signature}", f"{head}.{payload}.{encode(bytes(raw))}"):
        refused(token, error=NoMatchingKeyError)


@pytest.mark.spec("RFC 8725", "3.3")
@pytest.mark.parametrize("name", SIGNING)
@pytest.mark.parametrize("signature", [b"x", b"x" * 63, b"\0" * 64, b"\xff" * 64, b"x" * 4096])
def test_a_signature_of_any_shape_proves_nothing(name, signature):
    refused(compact({"alg": name}, CLAIMS, lambda _: signature), error=NoMatchingKeyError)


@pytest.mark.parametrize("error", [ValueError, InvalidKeyTypeError])
def test_a_key_that_its_library_cannot_use_proves_nothing_and_stops_no_other(monkeypatch, error):
    genuine = foreign_jwt.FOREIGN["ES256"]

    class Moody:
        def verify(self, message, signature, tried):
            if tried.thumbprint() == first.thumbprint():
                raise error("not with this one")
            return genuine.verify(message, signature, tried)

    keys = parse({"keys": [key("ES256", 1).jwk(), EC.jwk()]})
    first = keys.keys[0].key
    monkeypatch.setitem(foreign_jwt.FOREIGN, "ES256", Moody())
    assert verify(signed(EC, CLAIMS, kid=None), keys, ANY) == CLAIMS


def test_a_key_that_was_not_registered_proves_nothing():
    stranger = key("ES256", 1)
    refused(signed(stranger, CLAIMS), error=NoMatchingKeyError)
    refused(signed(stranger, CLAIMS, kid=EC.kid), error=NoMatchingKeyError)
    refused(signed(stranger, CLAIMS, kid=None), error=NoMatchingKeyError)


def test_without_a_kid_and_with_a_shared_one_the_right_key_is_found():
    keys = parse({"keys": [key("ES256", 1).jwk(kid="a"), EC.jwk(kid="a")]})
    for kid in (None, "a"):
        assert verify(signed(EC, CLAIMS, kid=kid), keys, ANY) == CLAIMS


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
def test_no_spelling_of_none_is_an_algorithm(name):
    token = compact({"alg": name}, CLAIMS, lambda _: b"x")
    assert "not allowed" in refused(token)
    assert "not three parts" in refused(token.rpartition(".")[0] + ".")


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("ASVS 5.0", "9.1.2")
@pytest.mark.parametrize("jwk", [RSA.jwk(), EC.jwk(), ED.jwk()])
@pytest.mark.parametrize("rules", [ANY, BY_SECRET])
def test_a_public_key_is_never_taken_for_a_secret(jwk, rules):
    for secret in (json.dumps(jwk).encode(), RSA.public_key_info(), RSA.pem()):
        token = hmac_signed(secret, CLAIMS, kid=jwk["kid"])
        if rules is ANY:
            assert "not allowed" in refused(token)
        else:
            with pytest.raises(ForeignTokenInvalidError):
                verify_with_secrets(token, [SECRET.encode()], rules)


@pytest.mark.spec("RFC 8725", "3.1")
def test_rules_name_algorithms_of_one_family():
    for algorithms in ((), ("none",), ("RS256", "HS256"), ("HS384",), ("RS256", "nothing")):
        with pytest.raises(ValueError, match="algorithms"):
            Rules(algorithms, (None,))
    with pytest.raises(ValueError, match="no secret"):
        verify(hmac_signed(SECRET, CLAIMS), KEYS, BY_SECRET)
    with pytest.raises(ValueError, match="nothing else"):
        verify_with_secrets(signed(EC, CLAIMS), [SECRET.encode()], ANY)


@pytest.mark.spec("RFC 8725", "3.2")
def test_nothing_that_could_sign_with_a_secret_is_among_the_algorithms_of_others():
    assert set(FOREIGN) == set(SIGNING)
    assert FOREIGN["Ed25519"].implementation.name == "Ed25519"


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("name", SIGNING)
def test_an_algorithm_that_this_use_does_not_allow_is_refused(name):
    allowed = tuple(each for each in SIGNING if each != name)
    assert "not allowed" in refused(signed(key(name), CLAIMS), rules=Rules(allowed, (None,)))


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("claimed", SIGNING)
@pytest.mark.parametrize("real", SIGNING)
def test_a_key_proves_nothing_under_the_name_of_another_algorithm(real, claimed):
    token = signed(key(real), CLAIMS, alg=claimed)
    if claimed == real or {claimed, real} == {"EdDSA", "Ed25519"}:
        assert verify(token, KEYS, ANY) == CLAIMS
    else:
        refused(token, error=NoMatchingKeyError)


def test_an_agreement_key_in_the_set_is_no_reason_to_fail():
    keys = parse({"keys": [x25519_key().jwk(use=None), ED.jwk()]})
    assert verify(signed(ED, CLAIMS, kid=None), keys, ANY) == CLAIMS


@pytest.mark.spec("RFC 8725", "3.10")
@pytest.mark.spec("ASVS 5.0", "9.1.3")
@pytest.mark.parametrize(
    "members",
    [
        {"jwk": key("ES256", 1).jwk()},
        {"jku": "https://client.example/jwks"},
        {"x5u": "https://client.example/chain"},
    ],
)
def test_a_token_that_brings_its_own_key_is_refused(members):
    assert next(iter(members)) in refused(signed(EC, CLAIMS, **members))
    assert next(iter(members)) in refused(signed(key("ES256", 1), CLAIMS, **members))


def test_a_certificate_beside_the_signature_is_neither_believed_nor_a_fault():
    members = {"x5c": ["MIIB"], "x5t": "a", "x5t#S256": "b"}
    assert verify(signed(EC, CLAIMS, **members), KEYS, ANY) == CLAIMS
    refused(signed(key("ES256", 1), CLAIMS, **members), error=NoMatchingKeyError)


@pytest.mark.spec("RFC 7515", "4.1.11")
@pytest.mark.spec("RFC 7797", "7")
@pytest.mark.parametrize(
    "members",
    [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"b64": True}],
)
def test_a_change_of_the_format_is_refused(members):
    assert "the header holds" in refused(signed(EC, CLAIMS, **members))


@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.spec("RFC 7515", "4.1.9")
@pytest.mark.parametrize(
    ("types", "typ", "is_right"),
    [
        ((None,), None, True),
        ((None,), "JWT", True),
        ((None,), "jwt", True),
        ((None,), "application/jwt", True),
        ((None,), "at+jwt", False),
        (("oauth-authz-req+jwt",), "oauth-authz-req+jwt", True),
        (("oauth-authz-req+jwt",), "application/OAuth-Authz-Req+JWT", True),
        (("oauth-authz-req+jwt",), None, False),
        (("oauth-authz-req+jwt",), "JWT", False),
        (("oauth-authz-req+jwt",), "client-authentication+jwt", False),
        ((None, "oauth-authz-req+jwt"), "oauth-authz-req+jwt", True),
        ((None, "oauth-authz-req+jwt"), "logout+jwt", False),
        ((None,), "", False),
    ],
)
def test_a_token_of_another_kind_is_refused(types, typ, is_right):
    token, rules = signed(EC, CLAIMS, typ=typ), Rules(SIGNING, types)
    if is_right:
        assert verify(token, KEYS, rules) == CLAIMS
    else:
        assert "kind" in refused(token, rules=rules)


@pytest.mark.parametrize(
    "header",
    [
        {}, [], "text", 7, None, b"\xff", b'{"alg":"ES256"', {"alg": ["ES256"]}, {"alg": None},
        {"alg": "ES256", "kid": 7}, {"alg": "ES256", "kid": "k" * 257}, {"alg": "ES256", "typ": 7},
        {"alg": "ES256", "kid": None}, '{"alg":"ES256","alg":"none"}', '{"alg":"none","alg":"ES256"}',
        {"alg": "ES256", "x": "x" * 2048}, '{"alg":"ES256","x":NaN}', '{"alg":"ES256","x":"\\ud800"}',
    ],
)  # fmt: skip
def test_a_malformed_header_is_refused_and_no_reason_to_renew_a_key_set(header):
    with pytest.raises(ForeignTokenInvalidError) as refusal:
        verify(compact(header, CLAIMS, EC.sign), KEYS, ANY)
    assert not isinstance(refusal.value, NoMatchingKeyError)


@pytest.mark.spec("RFC 8725", "3.7")
@pytest.mark.parametrize(
    "claims",
    [
        [], "text", 7, b"\xff", b"{", '{"iss":"a","iss":"b"}', '{"exp":NaN}', '{"exp":1e999}',
        '{"iss":"\\ud800"}', '{"a":' * 11 + "1" + "}" * 11, "[" * 4000, b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_malformed_claims_are_refused_even_when_they_are_genuine(claims):
    token = compact({"alg": "ES256", "kid": EC.kid}, claims, EC.sign)
    assert "the claims" in refused(token)
    with pytest.raises(ForeignTokenInvalidError):
        peek(token)


@pytest.mark.spec("RFC 7515", "3.1")
def test_only_the_one_spelling_of_three_parts_is_a_token():
    token = signed(EC, CLAIMS)
    head, payload, signature = token.split(".")
    spelling = payload[:-1] + chr(ord(payload[-1]) + 1)
    for other in (
        "", ".", "..", "...", head, f"{head}.{payload}", f"{token}.", f"{token}.x", f".{token}",
        f"{head}..{signature}", f".{payload}.{signature}", f"{head}.{payload}.",
        f"{token}=", f" {token}", f"{token}\n", f"{head}.{payload}=.{signature}",
        f"{head}.{spelling}.{signature}", f"{head}.{payload}.{signature[:-1]}*", f"{token}é",
        f"{head}.{payload}.{signature}.{signature}.{signature}",
    ):  # fmt: skip
        refused(other)
    for other in (None, 7, b"a.b.c", ["a.b.c"]):
        refused(other)


def test_a_token_has_a_largest_length():
    token = signed(EC, CLAIMS)
    short = Rules(SIGNING, (None,), max_characters=len(token))
    assert verify(token, KEYS, short) == CLAIMS
    assert "length" in refused(token, rules=Rules(SIGNING, (None,), max_characters=len(token) - 1))
    assert "length" in refused(signed(EC, {"a": "x" * 16384}))
    with pytest.raises(ForeignTokenInvalidError):
        peek(token, max_characters=len(token) - 1)


@given(
    token=st.text() | st.builds(".".join, st.lists(st.text(max_size=40), min_size=3, max_size=3))
)
def test_whatever_is_presented_is_refused_and_nothing_worse(token):
    refused(token)
    with pytest.raises(ForeignTokenInvalidError):
        peek(token)


@given(header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "cty"]), st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just("ES256")))  # fmt: skip
def test_a_header_of_any_values_is_answered_by_a_refusal(header):
    refused(compact(header, CLAIMS, lambda _: b"x" * 64))


def test_no_refusal_quotes_the_token():
    head, payload, _ = signed(EC, {"secret": "very-secret"}).split(".")
    for token in (
        f"{head}.{payload}.AAAA",
        f"{head}.very-secret.AAAA",
        '{"very-secret"',
        "very-secret",
    ):
        assert "very-secret" not in refused(token)


def test_peeking_tells_what_is_claimed_and_proves_nothing():
    seen = peek(compact({"alg": "none", "kid": "a"}, CLAIMS, lambda _: b"x"))
    assert (seen.header["kid"], seen.claims) == ("a", CLAIMS)


@pytest.mark.spec("RFC 7518", "3.2")
class TestSecrets:
    def test_any_of_the_secrets_proves_a_token(self):
        token = hmac_signed(SECRET, CLAIMS)
        found = verify_with_secrets(token, [b"x" * 32, SECRET.encode()], BY_SECRET)
        assert found == CLAIMS
        assert found == verify_with_secrets(token, [SECRET.encode(), b"x" * 32], BY_SECRET)

    def test_no_other_secret_does(self):
        token = hmac_signed(SECRET, CLAIMS)
        for secrets in ([], [b"x" * 32], [SECRET.encode() + b"s"]):
            with pytest.raises(NoMatchingKeyError):
                verify_with_secrets(token, secrets, BY_SECRET)

    @pytest.mark.spec("RFC 8725", "3.5")
    @pytest.mark.parametrize("length", [0, 1, 31])
    def test_a_short_secret_proves_nothing(self, length):
        token = hmac_signed("s" * length, CLAIMS)
        with pytest.raises(NoMatchingKeyError):
            verify_with_secrets(token, [b"s" * length], BY_SECRET)

    def test_a_longer_hash_under_another_name_is_refused(self):
        for name, digest in (("HS384", "sha384"), ("HS512", "sha512"), ("HS256", "sha512")):
            token = compact(
                {"alg": name},
                CLAIMS,
                lambda m, digest=digest: hmac.digest(SECRET.encode(), m, digest),
            )
            with pytest.raises(ForeignTokenInvalidError):
                verify_with_secrets(token, [SECRET.encode()], BY_SECRET)

    def test_a_signature_is_no_hmac(self):
        with pytest.raises(ForeignTokenInvalidError):
            verify_with_secrets(signed(EC, CLAIMS), [SECRET.encode()], BY_SECRET)


NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
START = int(NOW.timestamp())
WINDOW = Window(skew=timedelta(seconds=10), longest=timedelta(minutes=5))
FAPI = Window(WINDOW.skew, WINDOW.longest, needs_nbf=True)


def times(window=WINDOW, **claims):
    return check_times({"exp": START + 60, **claims}, window, now=NOW)


def untimely(window=WINDOW, **claims):
    with pytest.raises(ForeignTokenInvalidError) as refusal:
        times(window, **claims)
    return refusal.value.detail


@pytest.mark.spec("RFC 7519", "4.1.4")
@pytest.mark.spec("ASVS 5.0", "9.2.1")
class TestExpiry:
    def test_a_token_counts_until_it_expires_and_no_moment_longer(self):
        assert times(exp=START + 1) == NOW + timedelta(seconds=1)
        assert "expired" in untimely(exp=START)
        assert "expired" in untimely(exp=START - 1)

    def test_a_token_must_expire(self):
        with pytest.raises(ForeignTokenInvalidError, match="never"):
            check_times({"iat": START}, WINDOW, now=NOW)

    def test_a_token_must_expire_soon(self):
        times(exp=START + 310)
        assert "too long" in untimely(exp=START + 311)
        assert "too long" in untimely(exp=10**30)


@pytest.mark.spec("RFC 7519", "4.1.5")
@pytest.mark.spec("RFC 7519", "4.1.6")
@pytest.mark.parametrize("name", ["nbf", "iat"])
class TestBeginning:
    def test_a_token_may_come_from_a_clock_that_is_ahead_a_little(self, name):
        times(**{name: START + 10})
        assert name in untimely(**{name: START + 11})

    def test_a_token_that_is_old_but_not_expired_counts(self, name):
        times(**{name: START - 10**6})


class TestFapi:
    def test_the_beginning_must_be_said(self):
        times(FAPI, nbf=START)
        assert "nbf" in untimely(FAPI)

    def test_the_beginning_must_not_be_long_ago(self):
        times(FAPI, nbf=START - 310)
        assert "nbf" in untimely(FAPI, nbf=START - 311)


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [None, True, False, "1900000000", [], {}, START + 0.5, float("inf"), float("-inf"), float("nan")],
)  # fmt: skip
def test_a_time_that_is_no_whole_number_is_refused(name, value):
    assert name in untimely(**{name: value})


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_a_whole_number_may_be_written_as_javascript_does(name):
    assert times(**{name: float(START + 5)}) <= NOW + timedelta(seconds=60)


@given(value=st.integers() | st.floats() | st.booleans() | st.none() | st.text())
def test_any_time_is_answered(value):
    for name in ("exp", "nbf", "iat"):
        try:
            assert times(FAPI, **{"nbf": START, name: value}) > NOW
        except ForeignTokenInvalidError as error:
            assert error.detail  # noqa: PT017 - both ends are right, no other is


def test_the_default_length_is_the_one_of_rules():
    assert Rules(("ES256",), (None,)).max_characters == foreign_jwt._MAX_CHARACTERS
