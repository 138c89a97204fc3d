"""Request objects at the authorization endpoint: what is believed, and what is told when nothing is."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import urlencode

import pytest

from app.core.secrets import encode
from tests.support import provider as providers
from tests.support.client_keys import (
    SIGNING,
    assertion,
    compact,
    hmac_signed,
    jwks,
    key,
    request_object,
)
from tests.support.provider import CALLBACK, CHALLENGE, ISSUER, answer_of, request_parameters

ELSEWHERE = "https://elsewhere.example/callback"
INNER = {
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid",
    "state": "inner",
    "nonce": "n-2",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def keyed(provider):
    """A provider with one person and one client that has registered its keys."""
    provider.user()
    provider.client(jwks=jwks(*(key(name) for name in SIGNING[:4])))
    return provider


def made(provider, parameters=None, *, signer=None, typ="oauth-authz-req+jwt", **changes):
    """Return a request object; members that are ``None`` are left out."""
    members = {**(parameters or INNER), **changes}
    signer = signer or key("ES256")
    return request_object(signer, "app", ISSUER, members, now=provider.at, typ=typ)


def asked(provider, request, **outer):
    """Send ``request`` with nothing beside it but the client, and where errors may go."""
    beside = {"client_id": "app", "redirect_uri": CALLBACK, **outer, "request": request}
    browser = provider.browser()
    return browser, browser.get("/authorize?" + urlencode(beside))


def signed_in(provider, request, **outer):
    browser, page = asked(provider, request, **outer)
    assert page.status_code == 200, page.headers.get("Location")
    return answer_of(browser.sign_in(page))


def error_of(provider, request, **outer):
    answer = answer_of(asked(provider, request, **outer)[1])
    assert answer.keys() <= {"error", "error_description", "state", "iss"}
    return answer["error"]


@pytest.mark.spec("RFC 9101", "5.1")
@pytest.mark.spec("RFC 9101", "6.2")
@pytest.mark.spec("OpenID Connect Core 1.0", "6.1")
@pytest.mark.parametrize("algorithm", SIGNING[:4])
def test_a_signed_request_ends_in_a_code(keyed, algorithm):
    answer = signed_in(keyed, made(keyed, signer=key(algorithm)))
    assert answer["state"] == "inner"
    assert keyed.redeem(answer["code"]).status_code == 200


@pytest.mark.spec("RFC 9101", "6.2")
def test_both_names_of_ed25519_are_one_algorithm(provider):
    signer = key("Ed25519")
    provider.user()
    provider.client(jwks=jwks(signer), request_object_signing_alg="EdDSA")
    assert signed_in(provider, made(provider, signer=signer))["code"]


@pytest.mark.spec("RFC 9101", "5")
@pytest.mark.spec("RFC 9101", "6.3")
def test_nothing_beside_a_typed_object_counts(keyed):
    outer = {"scope": "openid email", "state": "outer", "prompt": "none", "max_age": "0"}
    answer = signed_in(keyed, made(keyed), response_type="code", **outer)
    assert answer["state"] == "inner"
    assert keyed.redeem(answer["code"]).json["scope"] == "openid"


@pytest.mark.spec("RFC 9101", "5")
def test_a_typed_object_is_not_completed_from_outside(keyed):
    inner = {name: value for name, value in INNER.items() if name != "code_challenge"}
    request = made(keyed, inner)
    assert error_of(keyed, request, **request_parameters()) == "invalid_request"


@pytest.mark.spec("OpenID Connect Core 1.0", "6.1")
def test_an_untyped_object_wins_over_an_openid_request_that_completes_it(keyed):
    request = made(keyed, {"state": "inner"}, typ=None)
    answer = signed_in(keyed, request, **request_parameters(state="outer"))
    assert answer["state"] == "inner"
    assert keyed.redeem(answer["code"]).status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "6.1")
def test_the_older_form_needs_neither_parties_nor_end(keyed):
    request = made(
        keyed, {"state": "inner"}, typ=None, iss=None, aud=None, exp=None, client_id=None
    )
    assert signed_in(keyed, request, **request_parameters())["state"] == "inner"


@pytest.mark.spec("OpenID Connect Core 1.0", "6.1")
@pytest.mark.parametrize(
    "wrong",
    [{"iss": "other"}, {"aud": "https://other.example"}, {"client_id": "other"}, {"exp": "soon"}],
    ids=str,
)
def test_what_the_older_form_does_say_of_itself_has_to_be_right(keyed, wrong):
    request = made(keyed, {"state": "inner"}, typ=None, **wrong)
    assert error_of(keyed, request, **request_parameters()) == "invalid_request_object"


@pytest.mark.spec("RFC 9101", "5")
@pytest.mark.parametrize("scope", [None, "email", "openidx"])
def test_an_untyped_object_counts_alone_beside_a_request_that_is_none_of_openid(keyed, scope):
    outer = request_parameters(scope=scope, state="outer")
    assert signed_in(keyed, made(keyed, typ=None), **outer)["state"] == "inner"
    assert error_of(keyed, made(keyed, typ=None, exp=None), **outer) == "invalid_request_object"
    incomplete = made(keyed, typ=None, code_challenge=None)
    assert error_of(keyed, incomplete, **outer) == "invalid_request"


@pytest.mark.spec("RFC 9101", "10.5")
def test_an_untyped_object_counts_alone_where_a_signature_is_required(provider):
    provider.user()
    provider.client(jwks=jwks(key("ES256")), require_signed_request_object=True)
    request = made(provider, {"redirect_uri": CALLBACK}, typ=None)
    assert error_of(provider, request, **request_parameters()) == "invalid_request"
    assert signed_in(provider, made(provider, typ=None), **request_parameters())["state"] == "inner"


@pytest.mark.spec("RFC 9101", "10.5")
def test_a_client_that_has_to_sign_cannot_ask_plainly(provider):
    provider.client(jwks=jwks(key("ES256")), require_signed_request_object=True)
    answer = answer_of(provider.browser().authorize())
    assert answer["error"] == "invalid_request"


@pytest.mark.spec("RFC 9101", "6.3")
@pytest.mark.spec("RFC 9101", "4")
@pytest.mark.spec("ASVS 5.0", "9.2.3")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": None},
        {"aud": "https://other.example"},
        {"aud": None},
        {"aud": ISSUER + "/"},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": {"": ISSUER}},
        {"sub": "app"},
        {"client_id": "other"},
        {"client_id": None},
        {"client_id": ["app"]},
        {"request": "x.y.z"},
        {"request_uri": "https://app.example/request"},
        {"response_type": "token"},
        {"prompt": True},
        {"prompt": None, "max_age": 1.5},
        {"state": {"a": 1}},
        {"state": "a\nb"},
        {"st\x00ate": "a"},
        {"resource": [1]},
        {"resource": {"a": 1}},
        {"x": [1]},
        {f"x{number}": "1" for number in range(64)},
    ],
    ids=str,
)
def test_an_object_of_others_for_others_or_of_odd_values_is_refused(keyed, changes):
    request = made(keyed, **changes)
    assert error_of(keyed, request, response_type="code") == "invalid_request_object"


def test_an_audience_in_a_list_of_one_is_ours(keyed):
    assert signed_in(keyed, made(keyed, aud=[ISSUER]))["code"]


@pytest.mark.spec("RFC 9101", "10.2")
@pytest.mark.spec("ASVS 5.0", "9.2.1")
@pytest.mark.parametrize(
    "offsets",
    [
        {"exp": 0},
        {"exp": -1},
        {"exp": 3600},
        {"nbf": 3600},
        {"iat": 3600},
        {"iat": -3600},
        {"nbf": -3600},
    ],
    ids=str,
)
@pytest.mark.parametrize("typ", ["oauth-authz-req+jwt", None])
def test_an_object_of_another_time_is_refused(keyed, offsets, typ):
    times = {name: int(keyed.at.timestamp()) + seconds for name, seconds in offsets.items()}
    request = made(keyed, typ=typ, **times)
    assert error_of(keyed, request, **request_parameters()) == "invalid_request_object"


@pytest.mark.parametrize("exp", [None, True, "1900000000", 1e300, 10**30, -1], ids=str)
def test_an_end_that_is_no_time_is_refused(keyed, exp):
    assert error_of(keyed, made(keyed, exp=exp)) == "invalid_request_object"


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("RFC 9101", "6.2")
@pytest.mark.spec("ASVS 5.0", "9.1.2")
def test_an_object_without_a_signature_of_the_clients_is_refused(keyed):
    header, claims, signature = made(keyed).split(".")
    none = encode(b'{"alg":"none"}')
    unsigned = compact({"alg": "none"}, INNER, lambda _: b"").rstrip(".")
    public_key = json.dumps(keyed.app.test_client().get("/.well-known/jwks.json").json)
    forged = [
        f"{none}.{claims}.",
        f"{none}.{claims}.{signature}",
        f"{unsigned}.",
        unsigned,
        hmac_signed(keyed.secrets["app"], {**INNER, "client_id": "app"}),
        hmac_signed(public_key, {**INNER, "client_id": "app"}),
        made(keyed, signer=key("ES256", 1)),
        f"{header}.{claims}.{signature[:-4]}AAAA",
        "x.y.z",
        "a.b.c.d.e",
        "A" * 20000,
    ]
    assert {error_of(keyed, each) for each in forged} == {"invalid_request_object"}


@pytest.mark.spec("RFC 9101", "10.8")
@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.parametrize(
    "typ", ["client-authentication+jwt", "at+jwt", "logout+jwt", "application/secevent+jwt"]
)
def test_a_token_of_another_kind_is_no_request_object(keyed, typ):
    assert error_of(keyed, made(keyed, typ=typ)) == "invalid_request_object"


@pytest.mark.spec("RFC 9101", "10.8")
@pytest.mark.spec("RFC 8725", "3.12")
def test_a_client_assertion_is_no_request_object(keyed):
    presented = assertion(key("ES256"), "app", ISSUER, now=keyed.at)
    assert error_of(keyed, presented, **request_parameters()) == "invalid_request_object"


@pytest.mark.spec("RFC 8725", "3.12")
def test_what_we_signed_ourselves_is_no_request_object(keyed):
    browser = keyed.browser()
    tokens = keyed.redeem(browser.code()).json
    answer = answer_of(browser.authorize(response_mode="jwt"))["response"]
    for token in (tokens["id_token"], tokens["access_token"], answer):
        assert error_of(keyed, token, **request_parameters()) == "invalid_request_object"


@pytest.mark.spec("RFC 8725", "3.8")
@pytest.mark.parametrize(
    "member", ['"state":"x"', '"prompt":null', '"max_age":NaN', '"client_id":"app"'], ids=str
)
def test_an_object_that_two_readers_could_read_differently_is_refused(keyed, member):
    signer = key("ES256")
    whole = {"iss": "app", "aud": ISSUER, "exp": int(keyed.at.timestamp()) + 60, **INNER}
    text = json.dumps({**whole, "client_id": "app"})
    header = {"alg": "ES256", "kid": signer.kid, "typ": "oauth-authz-req+jwt"}
    good = compact(header, text, signer.sign)
    assert signed_in(keyed, good)["state"] == "inner"
    assert error_of(keyed, compact(header, f"{text[:-1]},{member}}}", signer.sign)) == (
        "invalid_request_object"
    )


def test_the_type_may_be_written_as_a_whole_media_type(keyed):
    request = made(keyed, typ="application/OAuth-Authz-Req+JWT")
    assert signed_in(keyed, request, **request_parameters(state="outer"))["state"] == "inner"


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "2")
def test_only_the_registered_algorithm_is_accepted(provider):
    provider.user()
    provider.client(jwks=jwks(key("ES256"), key("PS256")), request_object_signing_alg="PS256")
    assert error_of(provider, made(provider)) == "invalid_request_object"
    assert signed_in(provider, made(provider, signer=key("PS256")))["code"]


def test_a_client_without_keys_cannot_sign(signed_up):
    assert error_of(signed_up, made(signed_up)) == "invalid_request_object"


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_an_address_that_only_an_unproved_object_names_is_never_used(keyed):
    forged = made(keyed, signer=key("ES256", 1))
    page = keyed.browser().get("/authorize?" + urlencode({"client_id": "app", "request": forged}))
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_an_object_cannot_bring_an_unregistered_address(keyed):
    _, page = asked(keyed, made(keyed, redirect_uri=ELSEWHERE))
    assert page.status_code == 400
    assert "Location" not in page.headers


def test_numbers_and_objects_become_the_parameters_that_they_stand_for(keyed):
    browser = keyed.browser()
    browser.code()
    keyed.pass_time(seconds=120)
    inner = {**INNER, "max_age": 60, "prompt": "none", "display": ""}
    beside = {"client_id": "app", "request": made(keyed, inner)}
    assert answer_of(browser.get("/authorize?" + urlencode(beside)))["error"] == "login_required"


def test_registration_within_an_object_has_its_own_error(keyed):
    request = made(keyed, registration={"logo_uri": ELSEWHERE})
    assert error_of(keyed, request) == "registration_not_supported"


@pytest.mark.spec("RFC 8707", "2")
def test_an_object_may_ask_for_several_resources(keyed):
    resources = ["https://unknown.example", "https://unknown.example"]
    assert error_of(keyed, made(keyed, resource=resources)) == "invalid_target"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.6")
def test_an_installation_may_switch_request_objects_off(tmp_path):
    provider = providers.create(tmp_path, REQUEST_OBJECTS="false")
    provider.client(jwks=jwks(key("ES256")), request_uris=("https://app.example/r",))
    assert error_of(provider, made(provider)) == "request_not_supported"
    answer = answer_of(provider.browser().authorize(request_uri="https://app.example/r"))
    assert answer["error"] == "request_uri_not_supported"
    providers.dispose(provider)


class _Site(BaseHTTPRequestHandler):
    body = b""
    status = 200
    paths: list[str]

    def do_GET(self):
        type(self).paths.append(self.path)
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "/request")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_arguments):
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[tuple[type[_Site], str]]:
    """A server of the client's on loopback, and its address."""
    kind = type("Site", (_Site,), {"paths": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield kind, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def referring(tmp_path, site):
    """A provider that may reach the client's server, and the registered address of the object."""
    provider = providers.create(tmp_path, OUTBOUND_ALLOW="127.0.0.0/8", PUBLIC_REQUEST_RATE="3")
    provider.user()
    uri = f"{site[1]}/request?a=b#{'f' * 43}"
    provider.client(jwks=jwks(key("ES256")), request_uris=(uri,))
    yield provider, uri
    providers.dispose(provider)


def by_reference(provider, uri, **outer):
    beside = {"client_id": "app", "redirect_uri": CALLBACK, "request_uri": uri, **outer}
    browser = provider.browser()
    return browser, browser.get("/authorize?" + urlencode(beside))


@pytest.mark.spec("RFC 9101", "5.2")
@pytest.mark.spec("RFC 9101", "6.1")
@pytest.mark.spec("OpenID Connect Core 1.0", "6.2")
def test_an_object_is_fetched_from_its_registered_address(referring, site):
    provider, uri = referring
    site[0].body = made(provider).encode() + b"\n"
    browser, page = by_reference(provider, uri)
    assert answer_of(browser.sign_in(page))["state"] == "inner"
    assert site[0].paths == ["/request?a=b"]


@pytest.mark.spec("OpenID Connect Core 1.0", "6.2")
@pytest.mark.spec("ASVS 5.0", "1.3.6")
def test_only_the_registered_address_is_fetched_fragment_included(referring, site):
    provider, uri = referring
    for other in (uri[:-1], uri.partition("#")[0], uri.replace("a=b", "a=c"), "urn:x", "file:///"):
        answer = answer_of(by_reference(provider, other)[1])
        assert answer["error"] == "invalid_request_uri"
    assert site[0].paths == []


@pytest.mark.spec("RFC 9101", "6.1")
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, b"", "invalid_request_uri"),
        (302, b"", "invalid_request_uri"),
        (200, b"x" * 70000, "invalid_request_uri"),
        (200, b"\xff", "invalid_request_uri"),
        (200, b"", "invalid_request_object"),
        (200, b"x.y.z", "invalid_request_object"),
    ],
    ids=["absent", "elsewhere", "too much", "no text", "nothing", "no object"],
)
def test_what_cannot_be_fetched_is_told_to_the_client(referring, site, status, body, error):
    provider, uri = referring
    site[0].status, site[0].body = status, body
    assert answer_of(by_reference(provider, uri)[1])["error"] == error
    assert site[0].paths == ["/request?a=b"]


@pytest.mark.spec("ASVS 5.0", "2.4.1")
def test_one_network_cannot_make_us_fetch_without_end(referring, site):
    provider, uri = referring
    statuses = [by_reference(provider, uri)[1].status_code for _ in range(4)]
    assert statuses == [303, 303, 303, 429]
    assert len(site[0].paths) == 3
    provider.pass_time(seconds=61)
    assert by_reference(provider, uri)[1].status_code == 303


@pytest.mark.spec("ASVS 5.0", "1.3.6")
def test_a_registered_address_within_our_own_network_is_not_fetched(provider, site):
    uri = f"{site[1]}/request"
    provider.client(request_uris=(uri,))
    assert answer_of(by_reference(provider, uri)[1])["error"] == "invalid_request_uri"
    assert site[0].paths == []
