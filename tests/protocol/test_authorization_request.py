"""What an authorization request may say, and how it is refused."""

from urllib.parse import urlencode

import pytest

from app.clients import registry
from tests.support.provider import CALLBACK, CHALLENGE, Provider, answer_of, request_parameters


def refused(provider: Provider, **parameters: str | None) -> dict[str, str]:
    return answer_of(provider.browser().authorize(**parameters))


@pytest.mark.spec("RFC 6749", "4.1.2.1")
@pytest.mark.parametrize(
    "bad",
    [
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "a" * 5000},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": CALLBACK.replace("app", "APP")},
        {"redirect_uri": "https://app.example:443/callback"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
def test_a_bad_client_or_redirect_uri_gets_a_page_with_a_reference_and_no_redirect(
    signed_up: Provider, bad: dict[str, str | None]
) -> None:
    page = signed_up.browser().authorize(**bad)
    assert page.status_code == 400
    assert "Location" not in page.headers
    assert page.mimetype == "text/html"
    assert 'id="error-reference"' in page.text
    assert "evil.example" not in page.text


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_or_redirect_uri_never_redirects(signed_up: Provider, name: str) -> None:
    query = urlencode([*request_parameters().items(), (name, "https://evil.example/callback")])
    page = signed_up.browser().get(f"/authorize?{query}")
    assert page.status_code == 400
    assert "Location" not in page.headers


@pytest.mark.spec("RFC 6749", "3.1")
@pytest.mark.parametrize(
    "name", ["state", "scope", "response_type", "nonce", "code_challenge", "x"]
)
def test_any_other_repeated_parameter_is_refused(signed_up: Provider, name: str) -> None:
    parameters = {"x": "1", **request_parameters()}
    query = urlencode([*parameters.items(), (name, parameters[name])])
    answer = answer_of(signed_up.browser().get(f"/authorize?{query}"))
    assert answer["error"] == "invalid_request"


@pytest.mark.spec("RFC 6749", "4.1.2.1")
@pytest.mark.spec("RFC 9207", "2")
@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid admin"}, "invalid_scope"),
        ({"scope": 'open"id'}, "invalid_scope"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request_object"),
        ({"request_uri": "https://app.example/request"}, "invalid_request_uri"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"max_age": "9" * 400}, "invalid_request"),
        ({"id_token_hint": "garbage"}, "invalid_request"),
        ({"state": "ü"}, "invalid_request"),
        ({"nonce": "n" * 5000}, "invalid_request"),
        ({"resource": "https://unknown.example"}, "invalid_target"),
    ],
)
def test_everything_else_is_told_to_the_client(
    signed_up: Provider, bad: dict[str, str | None], code: str
) -> None:
    answer = refused(signed_up, **bad)
    assert answer["error"] == code
    assert answer["iss"] == "http://127.0.0.1:8000"
    assert answer.keys() <= {"error", "error_description", "state", "iss"}
    assert '"' not in answer["error_description"]
    assert answer["error_description"].isascii()


@pytest.mark.spec("RFC 6749", "4.1.2")
@pytest.mark.parametrize("state", ["x" * 512, " !#$%&'()*+,-./:;<=>?@[]^_`{|}~\"\\", "a=b&c=d"])
def test_state_comes_back_verbatim(signed_up: Provider, state: str) -> None:
    assert refused(signed_up, prompt="none", state=state)["state"] == state


@pytest.mark.spec("RFC 6749", "4.1.2")
def test_state_is_absent_if_none_was_sent(signed_up: Provider) -> None:
    assert "state" not in refused(signed_up, prompt="none", state=None)


@pytest.mark.spec("RFC 6749", "3.1")
def test_unknown_and_empty_parameters_are_ignored(signed_up: Provider) -> None:
    answer = refused(signed_up, prompt="none", foo="bar", max_age="", claims="", display="popup")
    assert answer["error"] == "login_required"


@pytest.mark.spec("OpenID Connect Core 1.0", "3.1.2.1")
def test_a_post_means_the_same_as_a_get(signed_up: Provider) -> None:
    browser = signed_up.browser()
    first = browser.http.post("/authorize", data=request_parameters())
    assert first.status_code == 303
    page = browser.get(first.headers["Location"])
    code = answer_of(browser.sign_in(page))["code"]
    assert signed_up.redeem(code).status_code == 200
    again = browser.http.post("/authorize", data=request_parameters())
    assert "code" in answer_of(again)


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_a_post_with_a_bad_client_does_not_redirect(signed_up: Provider) -> None:
    page = signed_up.browser().http.post("/authorize", data=request_parameters(client_id="nobody"))
    assert page.status_code == 400


@pytest.mark.spec("RFC 9700", "2.1.1")
@pytest.mark.parametrize(
    "bad",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": CHALLENGE + "="},
        {"code_challenge": CHALLENGE[:-1]},
        {"code_challenge": CHALLENGE + "%0A"},
    ],
)
def test_every_client_needs_pkce_with_s256(signed_up: Provider, bad: dict[str, str | None]) -> None:
    assert refused(signed_up, **bad)["error"] == "invalid_request"


@pytest.mark.spec("RFC 7636", "4.3")
def test_plain_is_refused_even_where_pkce_is_not_required(signed_up: Provider) -> None:
    signed_up.client("lax", require_pkce=False)
    answer = refused(signed_up, client_id="lax", code_challenge_method="plain")
    assert answer["error"] == "invalid_request"


def test_a_client_excused_from_pkce_may_go_without(signed_up: Provider) -> None:
    signed_up.client("lax", require_pkce=False)
    code = signed_up.browser().code(
        client_id="lax", code_challenge=None, code_challenge_method=None
    )
    answer = signed_up.token(
        "lax", grant_type="authorization_code", code=code, redirect_uri=CALLBACK
    )
    assert answer.status_code == 200


@pytest.mark.spec("RFC 9700", "4.8.2")
def test_a_verifier_for_a_code_without_challenge_is_refused(signed_up: Provider) -> None:
    signed_up.client("lax", require_pkce=False)
    code = signed_up.browser().code(
        client_id="lax", code_challenge=None, code_challenge_method=None
    )
    assert signed_up.redeem(code, "lax").json["error"] == "invalid_grant"


@pytest.mark.spec("RFC 8252", "7.3")
def test_the_port_of_a_native_apps_loopback_address_is_free(signed_up: Provider) -> None:
    signed_up.client(
        "native",
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=("http://127.0.0.1/cb", "com.example.app:/cb"),
    )
    for uri in ("http://127.0.0.1:51234/cb", "com.example.app:/cb"):
        page = signed_up.browser().authorize(client_id="native", redirect_uri=uri, prompt="none")
        assert page.headers["Location"].startswith(uri)
    bad = signed_up.browser().authorize(client_id="native", redirect_uri="http://127.0.0.1:1/other")
    assert bad.status_code == 400


@pytest.mark.spec("RFC 6749", "3.1.2")
def test_a_registered_query_is_kept_to_the_letter(signed_up: Provider) -> None:
    uri = "https://app.example/cb?a=1&b=%7e+x&empty="
    signed_up.client("query", redirect_uris=(uri,))
    page = signed_up.browser().authorize(client_id="query", redirect_uri=uri, prompt="none")
    assert page.headers["Location"].startswith(uri + "&error=login_required")


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_a_client_without_the_grant_is_told_so(signed_up: Provider) -> None:
    signed_up.client("machine", grant_types=("client_credentials",))
    page = signed_up.browser().authorize(client_id="machine")
    assert page.status_code == 400


def test_a_disabled_client_is_not_known_any_more(signed_up: Provider) -> None:
    signed_up.do(registry.disable, "app", now=signed_up.at)
    page = signed_up.browser().authorize()
    assert page.status_code == 400
    assert "Location" not in page.headers


@pytest.mark.spec("OAuth 2.0 Form Post Response Mode 1.0", "2")
def test_form_post_carries_the_answer_in_a_form(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.sign_in(browser.authorize(response_mode="form_post"))
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert f'action="{CALLBACK}"' in page.text
    assert 'name="code"' in page.text
    assert 'name="state" value="st-1"' in page.text
    assert 'name="iss"' in page.text
    assert "form-action 'self' https:" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text


@pytest.mark.spec("OAuth 2.0 Form Post Response Mode 1.0", "2")
def test_errors_travel_like_successes(signed_up: Provider) -> None:
    page = signed_up.browser().authorize(response_mode="form_post", prompt="none")
    assert page.status_code == 200
    assert 'name="error" value="login_required"' in page.text


@pytest.mark.parametrize("query", ["client_id=%", "client_id=%ff&x=1", "client_id=a%00b", "&&&=&"])
def test_a_query_that_cannot_be_read_is_a_bad_request(signed_up: Provider, query: str) -> None:
    page = signed_up.browser().get(f"/authorize?{query}")
    assert page.status_code == 400
    assert 'id="error-reference"' in page.text


@pytest.mark.spec("RFC 9700", "4.2.4")
def test_answers_are_not_cached_and_leak_no_referrer(signed_up: Provider) -> None:
    browser = signed_up.browser()
    page = browser.authorize()
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    answer = browser.sign_in(page)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("RFC 6749", "4.1.2.1")
def test_a_posted_mistake_is_told_to_the_client_too(signed_up: Provider) -> None:
    http = signed_up.app.test_client()
    twice = urlencode([*request_parameters().items(), ("scope", "openid")])
    for body in (twice, urlencode(request_parameters(nonce="a\tb"))):
        answer = http.post(
            "/authorize", data=body, content_type="application/x-www-form-urlencoded"
        )
        assert answer_of(answer)["error"] == "invalid_request"


@pytest.mark.parametrize(
    "body", ["&x\n=", "&x\r\nSet-Cookie:+a=", "&a=\x00", "&" + "x" * 40000 + "=1"]
)
def test_an_odd_posted_body_is_a_bad_request(signed_up: Provider, body: str) -> None:
    for path in ("/authorize", "/end_session"):
        answer = signed_up.app.test_client().post(
            path,
            data=urlencode(request_parameters()) + body,
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 400


@pytest.mark.spec("RFC 6749", "3.3")
def test_the_order_and_spacing_of_scopes_do_not_matter(signed_up: Provider) -> None:
    for scope in ("email openid", "openid  email ", " openid email"):
        code = signed_up.browser().code(scope=scope)
        assert set(signed_up.redeem(code).json["scope"].split()) == {"openid", "email"}
