"""Keys, algorithms and proofs of a client go together, or the client is not registered."""

from dataclasses import replace

import pytest

from app.clients.metadata import check
from app.core.errors import InvalidInputError

RSA = {"kty": "RSA", "e": "AQAB", "n": "_" * 341 + "w"}
EC = {
    "kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "use": "sig",
}  # fmt: skip
X25519 = {"kty": "OKP", "crv": "X25519", "x": "A" * 43}
URI = "https://shop.example/jwks"


@pytest.fixture
def environment(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    return {
        "SIGNET_CLIENT_CERTIFICATE_SOURCE": "tls",
        "SIGNET_CLIENT_CERTIFICATE_CA": str(bundle),
    }


@pytest.fixture(autouse=True)
def _context(app):
    pass


def refused(registration, **changes):
    with pytest.raises(InvalidInputError) as caught:
        check(replace(registration, **changes))
    return caught.value.field


def keys(*members):
    return {"keys": list(members)}


@pytest.mark.spec("RFC 7591", "2")
def test_a_client_has_its_keys_here_or_elsewhere_and_not_both(web):
    assert check(replace(web, jwks_uri=URI)).jwks_uri == URI
    assert check(replace(web, jwks=keys(RSA))).jwks == keys(RSA)
    assert refused(web, jwks=keys(RSA), jwks_uri=URI) == "jwks"


@pytest.mark.parametrize(
    "document", [7, "x", [], {}, {"keys": []}, keys({**RSA, "d": "AQAB"}), keys({"kty": "oct", "k": "AA"})]
)  # fmt: skip
def test_only_public_keys_are_registered(web, document):
    assert refused(web, jwks=document) == "jwks"


@pytest.mark.parametrize(
    "uri", ["http://shop.example/jwks", "https://shop.example/jwks#a", "ftp://shop.example/", 7]
)
def test_keys_are_fetched_over_https_alone(web, uri):
    assert refused(web, jwks_uri=uri) == "jwks_uri"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"token_endpoint_auth_method": "private_key_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "self_signed_tls_client_auth"}, "token_endpoint_auth_method"),
        ({"request_object_signing_alg": "ES256"}, "request_object_signing_alg"),
        ({"require_signed_request_object": True}, "require_signed_request_object"),
        (
            {"id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A128GCM"},
            "id_token_encrypted_response_alg",
        ),
        (
            {"userinfo_encrypted_response_alg": "ECDH-ES", "userinfo_encrypted_response_enc": "A256GCM"},
            "userinfo_encrypted_response_alg",
        ),
    ],
)  # fmt: skip
def test_what_needs_a_key_is_refused_without_one(web, changes, field):
    assert refused(web, **changes) == field
    check(replace(web, jwks_uri=URI, **changes))


@pytest.mark.parametrize(
    ("method", "algorithm"),
    [
        ("client_secret_jwt", "RS256"), ("client_secret_jwt", "HS512"), ("private_key_jwt", "HS256"),
        ("private_key_jwt", "none"), ("client_secret_basic", "HS256"), ("none", "ES256"),
    ],
)  # fmt: skip
@pytest.mark.spec("RFC 8725", "3.1")
def test_an_algorithm_never_changes_its_family(web, method, algorithm):
    changes = {
        "token_endpoint_auth_method": method, "token_endpoint_auth_signing_alg": algorithm,
        "jwks_uri": URI,
    }  # fmt: skip
    assert refused(web, **changes) == "token_endpoint_auth_signing_alg"


@pytest.mark.parametrize(
    ("method", "algorithm"),
    [
        ("client_secret_jwt", "HS256"), ("client_secret_jwt", None), ("private_key_jwt", None),
        ("private_key_jwt", "Ed25519"), ("private_key_jwt", "PS256"),
    ],
)  # fmt: skip
def test_an_algorithm_of_the_right_family_is_accepted(web, method, algorithm):
    changes = {
        "token_endpoint_auth_method": method, "token_endpoint_auth_signing_alg": algorithm,
        "jwks_uri": URI,
    }  # fmt: skip
    assert check(replace(web, **changes)).token_endpoint_auth_signing_alg == algorithm


@pytest.mark.spec("RFC 8705", "2.1.2")
def test_a_certificate_is_known_by_exactly_one_name(web):
    web = replace(web, token_endpoint_auth_method="tls_client_auth")
    check(replace(web, tls_client_auth_san_dns="client.example"))
    assert refused(web) == "tls_client_auth_subject_dn"
    assert (
        refused(web, tls_client_auth_san_dns="a.example", tls_client_auth_san_ip="10.0.0.1")
        == "tls_client_auth_subject_dn"
    )
    assert refused(web, tls_client_auth_san_dns=" a.example") == "tls_client_auth_san_dns"
    other = replace(web, token_endpoint_auth_method="client_secret_basic")
    assert refused(other, tls_client_auth_san_dns="a.example") == "tls_client_auth_san_dns"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", {}])
def test_request_objects_are_signed_with_a_key_of_the_client(web, algorithm):
    web = replace(web, jwks_uri=URI)
    assert refused(web, request_object_signing_alg=algorithm) == "request_object_signing_alg"


@pytest.mark.parametrize(
    ("algorithm", "content", "field"),
    [
        ("RSA-OAEP-256", None, "enc"), (None, "A128GCM", "alg"), ("RSA1_5", "A128GCM", "alg"),
        ("RSA-OAEP-256", "A128CBC-HS256", "enc"), ("dir", "A128GCM", "alg"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("answer", ["id_token", "userinfo"])
def test_encryption_is_named_whole_and_of_a_kind_that_we_do(web, answer, algorithm, content, field):
    name = f"{answer}_encrypted_response"
    changes = {f"{name}_alg": algorithm, f"{name}_enc": content, "jwks_uri": URI}
    assert refused(web, **changes) == f"{name}_{field}"


@pytest.mark.parametrize(
    ("algorithm", "key", "fits"),
    [
        ("RSA-OAEP-256", RSA, True), ("RSA-OAEP-256", X25519, False), ("ECDH-ES", X25519, True),
        ("ECDH-ES", EC, False), ("RSA-OAEP-256", {**RSA, "alg": "RS256"}, False),
        ("RSA-OAEP-256", {**RSA, "key_ops": ["verify"]}, False),
    ],
)  # fmt: skip
def test_encryption_needs_a_key_meant_for_it(web, algorithm, key, fits):
    changes = {
        "id_token_encrypted_response_alg": algorithm, "id_token_encrypted_response_enc": "A128GCM",
        "jwks": keys(key),
    }  # fmt: skip
    if fits:
        check(replace(web, **changes))
    else:
        assert refused(web, **changes) == "id_token_encrypted_response_alg"


@pytest.mark.parametrize(
    "field",
    ["authorization_signed_response_alg", "userinfo_signed_response_alg"],
)
@pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA"])
def test_answers_are_signed_with_an_algorithm_that_has_a_key(web, field, algorithm):
    assert refused(web, **{field: algorithm}) == field
    check(replace(web, **{field: "ES256"}))


def test_a_device_needs_no_redirect_uri_and_may_be_public_and_refresh(web):
    device = replace(
        web, redirect_uris=(), token_endpoint_auth_method="none",
        grant_types=("urn:ietf:params:oauth:grant-type:device_code", "refresh_token"),
    )  # fmt: skip
    assert check(device) == device
