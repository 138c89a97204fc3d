"""Every method of authentication and every algorithm that is announced works, and no other can be had."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import provider as providers
from tests.support.client_keys import assertion, decrypted, jwks, key, request_object, signed
from tests.support.compact_jwt import part
from tests.support.provider import ISSUER, answer_of, request_parameters
from tests.support.walk import PROFILES, UNIVERSE, Walk, error_of, walk

pytestmark = pytest.mark.xdist_group("discovery_walk")
_FORMS = {
    "/token": {"grant_type": "authorization_code", "code": "x"},
    "/introspect": {"token": "x"},
    "/revoke": {"token": "x"},
    "/par": {name: value for name, value in request_parameters().items() if name != "client_id"},
    "/device_authorization": {"scope": "openid"},
}
_MEMBERS = {
    "/token": "token_endpoint_auth_methods_supported",
    "/par": "token_endpoint_auth_methods_supported",
    "/device_authorization": "token_endpoint_auth_methods_supported",
    "/introspect": "introspection_endpoint_auth_methods_supported",
    "/revoke": "revocation_endpoint_auth_methods_supported",
}
_ENDPOINTS = {
    "/par": "pushed_authorization_request_endpoint",
    "/device_authorization": "device_authorization_endpoint",
}


@pytest.fixture(scope="module", params=PROFILES)
def here(request, tmp_path_factory) -> Iterator[Walk]:
    made = walk(tmp_path_factory.mktemp("walk"), request.param)
    yield made
    providers.dispose(made.provider)


def tokens(here: Walk, client_id: str, **changes: str | None) -> dict[str, Any]:
    answer = answer_of(here.arrived(client_id, **changes))
    redeemed = here.provider.redeem(answer["code"], client_id)
    assert redeemed.status_code == 200, redeemed.text
    return dict(redeemed.json)


def is_admitted(here: Walk, method: str, client: str, path: str) -> bool:
    answer = here.prove(method, client, path, **_FORMS[path])
    assert answer.status_code < 500, (method, path)
    if error_of(answer) == "invalid_client":
        assert answer.status_code == 401
        return False
    # The code that was made up is refused; the client that came with it is not.
    expected = {"/token": (400, "invalid_grant"), "/par": (201, None)}
    assert (answer.status_code, error_of(answer)) == expected.get(path, (200, None)), (method, path)
    return True


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.spec("RFC 7521", "4.2")
def test_every_method_of_authentication_announced_opens_its_endpoints_and_no_other(
    here: Walk,
) -> None:
    for method in UNIVERSE["authentication"]:
        if method not in here.announced("token_endpoint_auth_methods_supported"):
            assert here.refuses(token_endpoint_auth_method=method, jwks=jwks(key("ES256"))), method
            continue
        client = here.client_of(method)
        for path, member in _MEMBERS.items():
            if _ENDPOINTS.get(path, "token_endpoint") in here.document:
                announced = method in here.announced(member)
                assert is_admitted(here, method, client, path) is announced, (method, path)


@pytest.mark.spec("OpenID Connect Core 1.0", "9")
def test_a_method_of_authentication_that_is_not_announced_does_not_work_for_clients_of_before(
    here: Walk,
) -> None:
    for method in here.absent("authentication", "token_endpoint_auth_methods_supported"):
        client = here.client_of("client_secret_basic")
        here.alter(client, token_endpoint_auth_method=method, tls_client_auth_subject_dn="CN=x")
        assert not is_admitted(here, method, client, "/token"), method


@pytest.mark.spec("OpenID Connect Core 1.0", "9")
def test_a_method_of_authentication_works_for_those_alone_that_registered_it(here: Walk) -> None:
    announced = here.announced("token_endpoint_auth_methods_supported")
    for registered in announced:
        client = here.client_of(registered)
        for method in announced:
            answer = here.prove(method, client, "/revoke", token="x")
            assert (answer.status_code == 200) is (
                method == registered or _is_ignored(registered, method)
            ), (registered, method, answer.text)


def _is_ignored(registered: str, method: str) -> bool:
    # A certificate beside the name of a client that never proves itself says nothing either way, and
    # one that an authority made holds the same key as the client's own.
    by_certificate = {"tls_client_auth", "self_signed_tls_client_auth"}
    return (registered, method) == ("self_signed_tls_client_auth", "tls_client_auth") or (
        registered == "none" and method in by_certificate
    )


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("RFC 8725", "3.1")
def test_every_algorithm_of_assertions_announced_authenticates_and_no_other(here: Walk) -> None:
    member = "token_endpoint_auth_signing_alg_values_supported"
    for name in here.announced(member):
        if name == "HS256":
            client = here.client_of("client_secret_jwt", token_endpoint_auth_signing_alg=name)
            assert is_admitted(here, "client_secret_jwt", client, "/token")
            continue
        own = {"jwks": jwks(key(name)), "token_endpoint_auth_signing_alg": name}
        client = here.client_of("private_key_jwt", **own)
        made = assertion(key(name), client, ISSUER, now=here.provider.at)
        form = {"client_assertion": made, "token": "x"}
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert here.provider.post("/revoke", form, auth=None).status_code == 200, name
    for name in here.absent("signature", member):
        for method in ("private_key_jwt", "client_secret_jwt"):
            own = {"jwks": jwks(key("ES256")), "token_endpoint_auth_signing_alg": name}
            assert here.refuses(token_endpoint_auth_method=method, **own), (name, method)


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
def test_every_algorithm_of_id_tokens_announced_signs_one_and_no_other(here: Walk) -> None:
    for name in here.announced("id_token_signing_alg_values_supported"):
        got = tokens(here, here.client(id_token_signed_response_alg=name))
        assert part(got["id_token"], 0)["alg"] == name
    for name in here.absent("signature", "id_token_signing_alg_values_supported"):
        assert here.refuses(id_token_signed_response_alg=name), name


@pytest.mark.spec("OpenID Connect Core 1.0", "5.3.2")
def test_every_algorithm_of_userinfo_announced_signs_an_answer_and_no_other(here: Walk) -> None:
    for name in here.announced("userinfo_signing_alg_values_supported"):
        client = here.client(userinfo_signed_response_alg=name)
        told = here.provider.userinfo(tokens(here, client)["access_token"])
        assert part(told.text, 0)["alg"] == name
    for name in here.absent("signature", "userinfo_signing_alg_values_supported"):
        assert here.refuses(userinfo_signed_response_alg=name), name


@pytest.mark.spec("JARM 1.0", "4")
def test_every_algorithm_of_answers_announced_signs_one_and_no_other(here: Walk) -> None:
    for name in here.announced("authorization_signing_alg_values_supported"):
        client = here.client(authorization_signed_response_alg=name)
        answer = answer_of(here.arrived(client, response_mode="jwt"))
        assert part(answer["response"], 0)["alg"] == name
    for name in here.absent("signature", "authorization_signing_alg_values_supported"):
        assert here.refuses(authorization_signed_response_alg=name), name


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("RFC 9101", "10.1")
def test_every_algorithm_of_a_request_object_announced_is_taken_and_none_and_others_are_not(
    here: Walk,
) -> None:
    member = "request_object_signing_alg_values_supported"
    for name in here.announced(member):
        client = here.client(jwks=jwks(key(name)), request_object_signing_alg=name)
        assert answer_of(_with_object(here, client, name))["code"], name
    for name in here.absent("signature", member):
        own = {"jwks": jwks(key("ES256")), "request_object_signing_alg": name}
        # Where no object is taken, a client may still say how it would sign one.
        assert member not in here.document or here.refuses(**own), name
        client = here.client(jwks=jwks(key("ES256"), key("RS256")))
        refused = "invalid_request_object" if member in here.document else "request_not_supported"
        assert error_of(_with_object(here, client, "ES256", alg=name)) == refused, name


def _with_object(here: Walk, client: str, signer: str, **header: Any) -> Any:
    parameters = request_parameters(client_id=client)
    # The time is that of the request, which comes a second later.
    made = request_object(key(signer), client, ISSUER, parameters, now=here.provider.at)
    if header:
        claims = part(made, 1)
        made = signed(key(signer), claims, **{**part(made, 0), **header})
    return here.arrived(client, request=made)


@pytest.mark.spec("OpenID Connect Discovery 1.0", "3")
@pytest.mark.spec("RFC 7518", "4.1")
@pytest.mark.spec("RFC 7518", "5.1")
def test_every_encryption_announced_is_done_and_no_other(here: Walk) -> None:
    for answer in ("id_token", "userinfo"):
        ways = here.announced(f"{answer}_encryption_alg_values_supported")
        contents = here.announced(f"{answer}_encryption_enc_values_supported")
        for way in UNIVERSE["key management"]:
            for content in UNIVERSE["content encryption"]:
                own = {
                    f"{answer}_encrypted_response_alg": way,
                    f"{answer}_encrypted_response_enc": content,
                    "jwks": jwks(key("RSA-OAEP-256"), key("ECDH-ES")),
                }
                if way in ways and content in contents:
                    _reads(here, here.client(**own), answer, way, content)
                else:
                    assert here.refuses(**own), (answer, way, content)


def _reads(here: Walk, client: str, answer: str, way: str, content: str) -> None:
    got = tokens(here, client)
    token = got["id_token"]
    if answer == "userinfo":
        token = here.provider.userinfo(got["access_token"]).text
    header, _ = decrypted(key(way), token)
    assert (header["alg"], header["enc"]) == (way, content)
