"""Clients that sign who they are: for us, for a moment, for once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.audit import events
from app.audit.events import Kind
from app.clients import registry
from app.clients import secrets as client_secrets
from app.core import outbound
from app.core.algorithm_names import ASYMMETRIC
from app.core.outbound import OutboundRefusedError
from tests.identity.installation import with_settings
from tests.support.client_keys import (
    ASSERTION_TYPE,
    ClientKey,
    assertion,
    assertion_claims,
    compact,
    hmac_signed,
    jwks,
    key,
    request_object,
)
from tests.support.provider import ISSUER, Provider

KEY = key("ES256")
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def machines(provider: Provider) -> Provider:
    grants = ("client_credentials",)
    provider.client(
        "signer",
        grant_types=grants,
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(*(key(each) for each in ASYMMETRIC)),
    )
    provider.client("hasher", grant_types=grants, token_endpoint_auth_method="client_secret_jwt")
    return provider


def send(provider: Provider, made: str, path: str = "/token", **form: str) -> TestResponse:
    proof = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": made}
    return provider.post(path, {**GRANT, **proof, **form}, auth=None)


def by_key(provider: Provider, signer: ClientKey = KEY, **changes: Any) -> str:
    values = {"audience": ISSUER, **changes}
    return assertion(signer, "signer", values.pop("audience"), now=provider.at, **values)


def refused(answer: TestResponse) -> bool:
    return (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.spec("OpenID Connect Core 1.0", "9")
@pytest.mark.spec("RFC 7523", "2.2")
@pytest.mark.spec("ASVS 5.0", "10.4.16")
@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_a_client_proves_itself_with_a_key_for_each_algorithm(
    machines: Provider, algorithm: str
) -> None:
    assert send(machines, by_key(machines, key(algorithm))).status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "9")
@pytest.mark.spec("OpenID Connect Core 1.0", "10.1")
def test_a_client_proves_itself_with_a_mac_of_its_secret(machines: Provider) -> None:
    made = assertion(machines.secrets["hasher"], "hasher", ISSUER, now=machines.at)
    assert send(machines, made).status_code == 200


def test_after_a_rotation_both_secrets_make_the_mac_for_a_while(machines: Provider) -> None:
    old = machines.secrets["hasher"]
    new = machines.do(client_secrets.rotate, "hasher", grace=timedelta(hours=1), now=machines.at)

    def status(secret: str) -> int:
        return send(machines, assertion(secret, "hasher", ISSUER, now=machines.at)).status_code

    assert (status(old), status(new)) == (200, 200)
    machines.pass_time(hours=1)
    assert (status(old), status(new)) == (401, 200)


@pytest.mark.spec("RFC 7521", "4.2")
@pytest.mark.spec("ASVS 5.0", "10.4.10")
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke"])
def test_an_assertion_opens_every_endpoint_of_machines(machines: Provider, path: str) -> None:
    for audience in (ISSUER, f"{ISSUER}/token", f"{ISSUER}{path}"):
        made = by_key(machines, audience=audience)
        assert send(machines, made, path, token="x").status_code == 200, audience


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("ASVS 5.0", "9.2.3")
@pytest.mark.parametrize(
    "audience",
    [
        "https://other.example",
        f"{ISSUER}/",
        f"{ISSUER}/revoke",
        [ISSUER],
        [ISSUER, "https://other.example"],
        "",
        None,
        True,
        {"issuer": ISSUER},
    ],
)
def test_an_assertion_for_somebody_else_is_refused(machines: Provider, audience: Any) -> None:
    made = assertion(KEY, "signer", ISSUER, now=machines.at, aud=audience)
    assert refused(send(machines, made))


def test_the_operator_may_insist_on_the_issuer_as_audience(machines: Provider) -> None:
    with_settings(machines.app, "client_authentication", assertion_audience="issuer")
    assert refused(send(machines, by_key(machines, audience=f"{ISSUER}/token")))
    assert send(machines, by_key(machines)).status_code == 200


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("RFC 7521", "5.2")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody"},
        {"iss": None},
        {"iss": ["signer"]},
        {"sub": "hasher"},
        {"sub": "nobody"},
        {"sub": None},
        {"sub": ["signer"]},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 257},
        {"jti": 7},
    ],
)
def test_an_assertion_that_does_not_say_what_it_must_is_refused(
    machines: Provider, changes: dict[str, Any]
) -> None:
    assert refused(send(machines, by_key(machines, **changes)))


@pytest.mark.spec("RFC 7523", "3")
@pytest.mark.spec("ASVS 5.0", "9.2.1")
@pytest.mark.parametrize(
    ("claim", "seconds"),
    [
        ("exp", 0),
        ("exp", -1),
        ("exp", 3600),
        ("exp", 10**30),
        ("iat", 3600),
        ("nbf", 3600),
    ],
)
def test_an_assertion_counts_for_a_moment_alone(
    machines: Provider, claim: str, seconds: int
) -> None:
    moment = int(machines.at.timestamp()) + seconds
    assert refused(send(machines, by_key(machines, **{claim: moment})))


@pytest.mark.parametrize("value", [None, True, "1", 1.5, [], {}])
def test_an_end_that_is_no_time_is_refused(machines: Provider, value: Any) -> None:
    assert refused(send(machines, by_key(machines, exp=value)))


@pytest.mark.spec("ASVS 5.0", "10.4.16")
def test_an_assertion_counts_once_and_its_replay_is_recorded(machines: Provider) -> None:
    made = by_key(machines)
    assert send(machines, made).status_code == 200
    assert refused(send(machines, made))
    with machines.app.app_context():
        [event] = events.tail(kind=Kind.CLIENT_ASSERTION_REPLAYED)
    assert (event.client_id, event.outcome) == ("signer", "refused")


@pytest.mark.spec("RFC 7519", "4.1.7")
def test_another_token_with_the_same_jti_is_a_replay_of_this_client_alone(
    machines: Provider,
) -> None:
    assert send(machines, by_key(machines, jti="once")).status_code == 200
    machines.pass_time(seconds=1)
    assert refused(send(machines, by_key(machines, jti="once")))
    other = assertion(machines.secrets["hasher"], "hasher", ISSUER, now=machines.at, jti="once")
    assert send(machines, other).status_code == 200


def test_nobody_uses_up_the_jti_of_another(machines: Provider) -> None:
    for bad in (
        by_key(machines, key("ES256", 1), jti="mine", header={"kid": KEY.kid}),
        by_key(machines, jti="mine", aud="https://other.example"),
        by_key(machines, jti="mine", exp=1),
    ):
        assert refused(send(machines, bad))
    assert send(machines, by_key(machines, jti="mine")).status_code == 200


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("ASVS 5.0", "9.1.2")
def test_the_registered_algorithm_is_the_only_one(machines: Provider) -> None:
    machines.client(
        "strict",
        grant_types=("client_credentials",),
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="PS256",
        jwks=jwks(key("PS256"), key("RS256")),
    )
    for algorithm, status in (("PS256", 200), ("RS256", 401)):
        made = assertion(key(algorithm), "strict", ISSUER, now=machines.at)
        assert send(machines, made).status_code == status


@pytest.mark.spec("RFC 8725", "2.1")
@pytest.mark.spec("ASVS 5.0", "9.1.1")
def test_no_family_of_algorithms_is_mistaken_for_another(machines: Provider) -> None:
    claims = assertion_claims("signer", ISSUER, now=machines.at)
    public = key("RS256")
    for secret in (public.public_key_info(), json.dumps(public.jwk()).encode(), b"", b"signer"):
        assert refused(send(machines, hmac_signed(secret, claims, kid=public.kid)))
    unsigned = {"alg": "none"}
    for signature in (b"", b"x"):
        assert refused(send(machines, compact(unsigned, claims, lambda _, it=signature: it)))
    # A client of secrets has no keys, whatever a token says.
    hashers = assertion(KEY, "hasher", ISSUER, now=machines.at)
    assert refused(send(machines, hashers))


@pytest.mark.spec("RFC 8725", "3.10")
@pytest.mark.spec("ASVS 5.0", "9.1.3")
@pytest.mark.parametrize("name", ["jwk", "jku", "x5u"])
def test_a_key_that_the_token_brings_is_refused(machines: Provider, name: str) -> None:
    foreign = key("ES256", 1)
    value = foreign.jwk() if name == "jwk" else "https://evil.example/keys"
    assert refused(send(machines, by_key(machines, foreign, header={name: value, "kid": None})))
    assert refused(send(machines, by_key(machines, header={name: value})))


@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.parametrize(
    ("typ", "status"),
    [
        (None, 200),
        ("JWT", 200),
        ("jwt", 200),
        ("client-authentication+jwt", 200),
        ("application/client-authentication+jwt", 200),
        ("at+jwt", 401),
        ("oauth-authz-req+jwt", 401),
        ("logout+jwt", 401),
        ("dpop+jwt", 401),
        ("", 401),
    ],
)
def test_a_token_made_for_another_purpose_is_refused(
    machines: Provider, typ: str | None, status: int
) -> None:
    header = {"typ": typ}
    assert send(machines, by_key(machines, header=header)).status_code == status


@pytest.mark.spec("RFC 8725", "3.12")
def test_a_request_object_is_no_proof_of_the_client(machines: Provider) -> None:
    for typ in ("oauth-authz-req+jwt", None):
        made = request_object(KEY, "signer", ISSUER, {"scope": "openid"}, now=machines.at, typ=typ)
        assert refused(send(machines, made, client_id="signer"))


@pytest.mark.spec("RFC 7521", "4.2")
def test_form_and_type_of_the_parameters_are_looked_at(machines: Provider) -> None:
    good = by_key(machines)
    for form in (
        {"client_assertion": good},
        {"client_assertion_type": ASSERTION_TYPE},
        {"client_assertion": good, "client_assertion_type": "urn:ietf:params:oauth:x"},
        {"client_assertion": "x.y.z", "client_assertion_type": ASSERTION_TYPE},
    ):
        assert refused(machines.post("/token", {**GRANT, **form}, auth=None))
    assert refused(send(machines, good, client_id="hasher"))
    assert refused(send(machines, by_key(machines, padding="x" * 8192)))
    assert send(machines, good, client_id="signer").status_code == 200


@pytest.mark.spec("RFC 6749", "2.3")
def test_an_assertion_beside_a_secret_is_refused(machines: Provider) -> None:
    answer = send(machines, by_key(machines), client_id="signer", client_secret="x")
    assert answer.json["error"] == "invalid_request"


@pytest.mark.spec("OpenID Connect Core 1.0", "9")
def test_a_client_registered_for_keys_is_refused_with_anything_else(machines: Provider) -> None:
    assert refused(machines.post("/token", {**GRANT, "client_id": "signer"}, auth=None))
    secret = machines.secrets["hasher"]
    machines.secrets["signer"] = "x" * 43
    for name in ("signer", "hasher"):
        assert refused(machines.post("/token", GRANT, auth=name))
        posted = {**GRANT, "client_id": name, "client_secret": secret}
        assert refused(machines.post("/token", posted, auth=None))


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.spec("RFC 7523", "3.2")
def test_all_failures_look_the_same(machines: Provider) -> None:
    machines.client("basic", grant_types=("client_credentials",))
    answers = [
        send(machines, made)
        for made in (
            by_key(machines, exp=1),
            by_key(machines, key("ES256", 1)),
            by_key(machines, aud="x"),
            assertion(KEY, "nobody", ISSUER, now=machines.at),
            assertion(KEY, "basic", ISSUER, now=machines.at),
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_a_disabled_client_proves_nothing(machines: Provider) -> None:
    machines.do(registry.disable, "signer", now=machines.at)
    assert refused(send(machines, by_key(machines)))


def test_switched_off_assertions_are_refused(machines: Provider) -> None:
    with_settings(machines.app, "client_authentication", assertions=False)
    assert refused(send(machines, by_key(machines)))


@pytest.fixture
def fetched(machines: Provider, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What stands at the key set's address, and how often it was asked for."""
    seen: dict[str, Any] = {"keys": jwks(KEY), "count": 0}

    def fetch(uri: str, **_: Any) -> Any:
        assert uri == "https://app.example/keys"
        seen["count"] += 1
        if seen["keys"] is None:
            raise OutboundRefusedError(detail="not reachable")
        return seen["keys"]

    monkeypatch.setattr(outbound, "fetch_json", fetch)
    machines.client(
        "fetching",
        grant_types=("client_credentials",),
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri="https://app.example/keys",
    )
    return seen


def proved(machines: Provider, signer: ClientKey) -> bool:
    made = assertion(signer, "fetching", ISSUER, now=machines.at)
    return send(machines, made).status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_a_new_key_is_found_by_fetching_the_set_again(
    machines: Provider, fetched: dict[str, Any]
) -> None:
    assert [proved(machines, KEY) for _ in range(3)] == [True] * 3
    assert fetched["count"] == 1
    machines.pass_time(seconds=11)
    newer = key("ES256", 1)
    fetched["keys"] = jwks(newer)
    assert proved(machines, newer)
    assert fetched["count"] == 2
    assert not proved(machines, KEY)


@pytest.mark.spec("ASVS 5.0", "2.4.1")
def test_a_flood_of_unknown_keys_fetches_once_in_an_interval(
    machines: Provider, fetched: dict[str, Any]
) -> None:
    assert proved(machines, KEY)
    machines.pass_time(seconds=11)
    assert not any(proved(machines, key("ES256", number)) for number in range(1, 9))
    assert fetched["count"] == 2
    assert proved(machines, KEY)


def test_nothing_is_fetched_for_a_client_that_may_not_use_the_method(
    machines: Provider, fetched: dict[str, Any]
) -> None:
    machines.client(
        "secretive", grant_types=("client_credentials",), jwks_uri="https://app.example/keys"
    )
    made = assertion(KEY, "secretive", ISSUER, now=machines.at)
    assert refused(send(machines, made))
    assert fetched["count"] == 0


def test_a_set_that_cannot_be_had_or_holds_nothing_proves_nothing(
    machines: Provider, fetched: dict[str, Any]
) -> None:
    for bad in (None, {"keys": []}, {"keys": [KEY.private_jwk()]}, [], {"keys": [{"kty": "x"}]}):
        fetched["keys"] = bad
        assert not proved(machines, KEY)
        machines.pass_time(seconds=11)
    fetched["keys"] = jwks(KEY)
    assert proved(machines, KEY)


@pytest.mark.spec("RFC 8725", "3.3")
def test_two_keys_of_one_name_are_both_tried(machines: Provider) -> None:
    twins = [ClientKey(key("ES256", number).private, "ES256", "same") for number in (2, 3)]
    machines.client(
        "twins",
        grant_types=("client_credentials",),
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(*twins),
    )
    for twin in twins:
        made = assertion(twin, "twins", ISSUER, now=machines.at)
        assert send(machines, made).status_code == 200


def test_a_token_of_ours_is_no_proof_of_a_client(machines: Provider) -> None:
    token = send(machines, by_key(machines)).json
    assert refused(send(machines, token["access_token"], client_id="signer"))
