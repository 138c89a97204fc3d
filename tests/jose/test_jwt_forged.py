"""Whatever is presented, a token that we did not sign is refused, and nothing else happens."""

import json
import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.secrets import encode
from app.jose import signing_keys
from app.jose.algorithms import ALGORITHMS
from app.jose.jwt import InvalidTokenError
from tests.jose.applications import ISSUER, NOW
from tests.jose.tokens import CLAIMS, START, header_of, read, refused, signed, with_header

mutated = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "PS256", "RS512", "ES256", ""])
def test_the_algorithm_is_that_of_the_key(every_algorithm, algorithm):
    forged = with_header(signed(), lambda header: {**header, "alg": algorithm})
    assert refused(forged) == "the algorithm is not that of the key"


@pytest.mark.spec("RFC 8725", "2.1")
def test_an_unsigned_token_is_refused(context):
    header, payload, _ = signed().split(".")
    none = encode(json.dumps({**header_of(signed()), "alg": "none"}).encode())
    refused(f"{none}.{payload}.")
    refused(f"{header}.{payload}.")


@pytest.mark.spec("RFC 7515", "4.1.11")
@pytest.mark.parametrize(
    "member",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"jku": "https://elsewhere.example/jwks"},
        {"x5u": "https://elsewhere.example/cert"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"x5c": []},
        {"b64": False},
        {"zip": "DEF"},
        {"cty": "JWT"},
    ],
)
def test_a_header_member_that_we_do_not_write_is_refused(context, member):
    forged = with_header(signed(), lambda header: {**header, **member})
    assert refused(forged) == "the header has members that we do not write"


@pytest.mark.parametrize("kid", ["", "elsewhere", "a" * 300])
def test_a_key_that_is_not_ours_is_refused(context, kid):
    forged = with_header(signed(), lambda header: {**header, "kid": kid})
    assert refused(forged) == "the key is not one of ours"


@pytest.mark.parametrize("value", [None, 7, [], {}])
@pytest.mark.parametrize("name", ["alg", "kid"])
def test_a_header_of_other_types_is_refused(context, name, value):
    forged = with_header(signed(), lambda header: {**header, name: value})
    assert refused(forged) == "the header has no kid or no alg"


@pytest.mark.parametrize("name", ["alg", "kid"])
def test_a_header_names_key_and_algorithm(context, name):
    forged = with_header(
        signed(), lambda header: {key: value for key, value in header.items() if key != name}
    )
    assert refused(forged) == "the header has no kid or no alg"


@pytest.mark.spec("RFC 7515", "5.2")
def test_the_signature_of_another_key_is_refused(every_algorithm):
    header, payload, _ = signed().split(".")
    foreign = ALGORITHMS["RS256"].generate(rsa_bits=2048)
    signature = ALGORITHMS["RS256"].sign(f"{header}.{payload}".encode(), foreign)
    assert refused(f"{header}.{payload}.{encode(signature)}") == "the signature is not ours"


def test_a_token_proved_once_is_proved_again_each_time(context):
    token = signed()
    read(token)
    header, _, signature = token.split(".")
    other = encode(json.dumps({**CLAIMS, "sub": "eve"}).encode())
    assert refused(f"{header}.{other}.{signature}") == "the signature is not ours"


@pytest.mark.parametrize("payload", ["[]", '"text"', "7", "null", "{", "", "\xff"])
def test_a_genuine_signature_over_something_else_is_refused(context, payload):
    header = signed().split(".")[0]
    message = f"{header}.{encode(payload.encode('latin-1'))}"
    key = signing_keys.active("RS256", now=NOW)
    token = f"{message}.{encode(ALGORITHMS['RS256'].sign(message.encode(), key.private))}"
    assert refused(token) in {"not JSON", "not a JSON object"}


@pytest.mark.parametrize(
    "token",
    [
        None, 7, b"a.b.c", "", ".", "..", "...", "a.b", "a.b.c.d", "a.b.c\n", "é.b.c", "\0.\0.\0",
        "[.[.[", "W1tbW1tb.e30.AA", "bnVsbA.e30.AA", "e30.e30.e30", "a" * 20000, "." * 16384,
        encode(b"[" * 380) + ".e30.AA", encode(b'{"alg":1e999}') + ".e30.AA",
        encode(b'{"a":"\\ud800"}') + ".e30.AA",
    ],
)  # fmt: skip
def test_no_input_causes_another_error(context, token):
    refused(token)


def test_the_public_description_tells_nothing(context):
    with pytest.raises(InvalidTokenError) as refusal:
        read(signed({**CLAIMS, "iss": "https://elsewhere.example"}))
    assert refusal.value.public == "The token is not valid."


@mutated
@given(text=st.text(max_size=200))
def test_no_text_is_a_token(context, text):
    refused(text)


@mutated
@given(data=st.data(), algorithm=st.sampled_from(sorted(ALGORITHMS)))
def test_a_token_with_one_character_changed_is_refused(every_algorithm, data, algorithm):
    token = signed(algorithm=algorithm)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.sampled_from(string.ascii_letters + string.digits + "-_.=+/ \n\0é").filter(
            lambda character: character != token[place]
        )
    )
    refused(token[:place] + other + token[place + 1 :])


@mutated
@given(data=st.data())
def test_a_token_cut_grown_or_shuffled_is_refused(context, data):
    token = signed()
    parts = token.split(".")
    place = data.draw(st.integers(0, len(token) - 1))
    order = data.draw(st.lists(st.sampled_from(range(3)), max_size=5))
    forged = data.draw(
        st.sampled_from(
            [
                token[:place],
                token[place + 1 :],
                token[:place] + "A" + token[place:],
                ".".join(parts[number] for number in order),
                token + "=",
                token + ".",
            ]
        ).filter(lambda text: text != token)
    )
    refused(forged)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@mutated
@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "jwk"]), json_values, max_size=5
    )
    | json_values
)
def test_a_header_of_any_json_is_refused(context, header):
    payload, signature = signed().split(".")[1:]
    refused(f"{encode(json.dumps(header).encode())}.{payload}.{signature}")


@mutated
@given(
    claims=st.dictionaries(st.sampled_from(["iss", "exp", "iat", "nbf"]), json_values, max_size=4)
)
def test_claims_of_any_json_are_believed_or_refused(context, claims):
    token = signed({"iss": ISSUER, "iat": START, **claims})
    try:
        assert read(token).claims["iss"] == ISSUER
    except InvalidTokenError:
        return
    assert type(claims["exp"]) is int
