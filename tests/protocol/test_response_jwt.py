"""Signed authorization responses: one parameter holds the answer, and nothing stands beside it."""

import html
import re

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from app.clients import registry
from app.jose import signing_keys
from app.jose.signing_keys import NoSigningKeyError
from tests.support import provider as providers
from tests.support.client_keys import jwks, key, request_object
from tests.support.provider import CALLBACK, ISSUER, answer_of, request_parameters

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


def read(provider, token, algorithm="RS256"):
    """Return header and claims of ``token`` as the client checks it, with a library of others."""
    published = provider.app.test_client().get("/.well-known/jwks.json").json
    opened = jwt.decode(token, KeySet.import_key_set(published), algorithms=[algorithm])
    return opened.header, opened.claims


def claims_of(provider, response):
    answer = answer_of(response)
    assert answer.keys() == {"response"}
    return read(provider, answer["response"])[1]


@pytest.mark.spec("JARM 1.0", "2.1")
@pytest.mark.spec("JARM 1.0", "2.3.1")
@pytest.mark.spec("JARM 1.0", "2.3.4")
@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_the_answer_is_one_signed_parameter(signed_up, mode):
    browser = signed_up.browser()
    claims = claims_of(signed_up, browser.sign_in(browser.authorize(response_mode=mode)))
    present = int(signed_up.at.timestamp())
    code = claims.pop("code")
    assert claims == {
        "iss": ISSUER,
        "aud": "app",
        "iat": present,
        "exp": present + 300,
        "state": "st-1",
    }
    assert signed_up.redeem(code).status_code == 200


@pytest.mark.spec("JARM 1.0", "2.3.3")
def test_a_form_carries_the_signed_answer_alone(signed_up):
    browser = signed_up.browser()
    page = browser.sign_in(browser.authorize(response_mode="form_post.jwt"))
    assert page.status_code == 200
    assert f'action="{CALLBACK}"' in page.text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text))
    assert fields.keys() == {"response"}
    _, claims = read(signed_up, html.unescape(fields["response"]))
    assert claims["state"] == "st-1"
    assert "code" in claims


@pytest.mark.spec("JARM 1.0", "2.2")
@pytest.mark.spec("JARM 1.0", "3")
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_it_is_signed_with_the_algorithm_of_the_client(tmp_path, algorithm):
    provider = providers.create(tmp_path, SIGNING_ALGORITHMS=" ".join(ALGORITHMS))
    provider.client(authorization_signed_response_alg=algorithm)
    answer = answer_of(provider.browser().authorize(response_mode="jwt", prompt="none"))
    header, claims = read(provider, answer["response"], algorithm)
    assert header["alg"] == algorithm
    assert header["typ"] == "JWT"
    assert claims["error"] == "login_required"
    providers.dispose(provider)


@pytest.mark.spec("JARM 1.0", "2.1")
@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"request": "x.y.z"}, "invalid_request_object"),
        ({"request_uri": "https://app.example/r"}, "invalid_request_uri"),
    ],
    ids=str,
)
def test_an_error_is_signed_as_well(signed_up, bad, error):
    page = signed_up.browser().authorize(response_mode="query.jwt", **bad)
    claims = claims_of(signed_up, page)
    assert claims["error"] == error
    assert claims["error_description"]
    assert claims["state"] == "st-1"


def test_a_refusal_by_the_person_is_signed_as_well(provider):
    provider.user()
    provider.client(skip_consent=False)
    browser = provider.browser()
    page = browser.sign_in(browser.authorize(response_mode="jwt"))
    claims = claims_of(provider, browser.submit(page, decision="deny"))
    assert claims["error"] == "access_denied"


@pytest.mark.spec("OAuth 2.0 Multiple Response Type Encoding Practices 1.0", "2.1")
@pytest.mark.parametrize("mode", ["fragment.jwt", "JWT", "jwt.query", "form_post.jwt.jwt"])
def test_other_modes_are_refused_in_clear(signed_up, mode):
    answer = answer_of(signed_up.browser().authorize(response_mode=mode))
    assert answer["error"] == "invalid_request"


def test_the_mode_may_stand_in_a_signed_request(provider):
    provider.user()
    provider.client(jwks=jwks(key("ES256")))
    members = request_parameters(response_mode="jwt")
    signed = request_object(key("ES256"), "app", ISSUER, members, now=provider.at)
    browser = provider.browser()
    page = browser.get(f"/authorize?client_id=app&request={signed}")
    assert "code" in claims_of(provider, browser.sign_in(page))


@pytest.mark.spec("RFC 8725", "3.12")
def test_a_signed_answer_is_no_id_token(signed_up):
    browser = signed_up.browser()
    page = browser.sign_in(browser.authorize(response_mode="jwt"))
    token = answer_of(page)["response"]
    assert answer_of(browser.authorize(id_token_hint=token))["error"] == "invalid_request"
    # It proves nothing, so the person is asked and is signed in until they answer.
    assert browser.get(f"/end_session?id_token_hint={token}").status_code == 200
    assert "code" in answer_of(browser.authorize())


def test_a_signed_answer_is_no_access_token(signed_up):
    page = signed_up.browser().authorize(response_mode="jwt", prompt="none")
    token = answer_of(page)["response"]
    assert signed_up.userinfo(token).status_code == 401
    assert signed_up.introspect(token) == {"active": False}


def test_without_a_key_nothing_is_told_in_clear(signed_up, monkeypatch):
    browser = signed_up.browser()
    page = browser.authorize(response_mode="jwt")

    def none(*_arguments, **_options):
        raise NoSigningKeyError

    with monkeypatch.context() as patched:
        patched.setattr(signing_keys, "active", none)
        answer = browser.sign_in(page)
    assert answer.status_code == 503
    assert "code=" not in answer.headers.get("Location", "")
    assert CALLBACK not in answer.text


def test_a_client_that_is_gone_is_answered_by_a_page(signed_up, monkeypatch):
    page = signed_up.browser().authorize(response_mode="jwt", prompt="none")
    assert page.status_code == 303
    known = registry.get

    def gone(client_id):
        gone.calls += 1
        return known(client_id) if gone.calls == 1 else None

    gone.calls = 0
    monkeypatch.setattr(registry, "get", gone)
    page = signed_up.browser().authorize(response_mode="jwt", prompt="none")
    assert page.status_code == 404
    assert "Location" not in page.headers
