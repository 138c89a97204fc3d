"""What every answer tells the browser to refuse."""

import pytest

from app.web.security_headers import form_action_source


def policy(answer):
    return dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["Content-Security-Policy"].split(";")
    )


@pytest.mark.spec("RFC 9700", "4.16")
def test_no_page_can_be_framed(client):
    answer = client.get("/page")
    assert policy(answer)["frame-ancestors"] == "'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.spec("ASVS 5.0", "3.4.3")
def test_a_page_loads_nothing_but_our_own_files(client):
    found = policy(client.get("/page"))
    assert found["default-src"] == "'none'"
    assert found["script-src"] == found["style-src"] == found["img-src"] == "'self'"
    assert found["base-uri"] == "'none'"
    assert "unsafe" not in str(found)


@pytest.mark.spec("RFC 9700", "4.2.4")
def test_no_answer_leaks_its_address(client):
    for path in ("/page", "/healthz", "/nothing", "/.well-known/jwks.json"):
        assert client.get(path).headers["Referrer-Policy"] == "no-referrer"
        assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_is_never_stored(client):
    assert client.get("/page").headers.getlist("Cache-Control") == ["no-store"]


def test_a_form_may_end_where_the_view_says_and_nowhere_else(client):
    answer = client.get("/page?target=https://app.example/cb&target=com.example.app:/cb")
    assert policy(answer)["form-action"] == "'self' https: com.example.app:"
    assert policy(client.get("/page"))["form-action"] == "'self'"


@pytest.mark.parametrize(
    ("uri", "source"),
    [
        # Where the application sends people on is its own business, as long as it is https.
        ("https://app.example/cb?x=1", "https:"),
        ("https://app.example:8443/cb", "https:"),
        ("http://127.0.0.1:51004/cb", "http://127.0.0.1:51004"),
        ("http://[::1]:51004/cb", "http:"),
        ("com.example.app:/cb", "com.example.app:"),
        ("https://a.example; script-src *", "https:"),
        ("nonsense", None),
        ("", None),
        ("http://[", None),
    ],
)
def test_no_address_can_add_a_word_to_the_policy(uri, source):
    assert form_action_source(uri) == source


def test_hsts_is_sent_over_https_only(make_edge_app):
    plain = make_edge_app().test_client()
    secure = make_edge_app(ISSUER="https://id.example").test_client()
    for path in (
        "/page",
        "/healthz",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
    ):
        assert "Strict-Transport-Security" not in plain.get(path).headers
        assert "max-age=63072000" in secure.get(path).headers["Strict-Transport-Security"]


def test_a_machine_answer_has_the_short_list_once(client):
    answer = client.get("/healthz")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert policy(answer) == {"default-src": "'none'", "frame-ancestors": "'none'"}
    assert "X-Frame-Options" not in answer.headers
    names = [name for name, _ in answer.headers]
    assert len(names) == len(set(names))


def test_a_page_of_the_flow_keeps_the_window_that_opened_it(client):
    assert "Cross-Origin-Opener-Policy" not in client.get("/login").headers
    assert client.get("/page").headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_view_cannot_have_its_page_stored(app):
    @app.get("/careless")
    def careless():
        return "<!doctype html>", 200, {"cache-control": "public, max-age=600"}

    answer = app.test_client().get("/careless")
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
