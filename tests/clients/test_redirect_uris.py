import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.clients.redirect_uris import (
    check_origin,
    check_page,
    check_post_logout,
    check_registrable,
    matches,
)
from app.core.errors import InvalidInputError

NATIVE = [
    "http://127.0.0.1/signed-in",
    "http://[::1]/signed-in?a=b",
    "http://localhost:8400/signed-in",
    "com.example.app:/signed-in",
    "https://app.example/signed-in",
]
WEB = ["https://shop.example/signed-in", "https://shop.example/other?a=b", "http://127.0.0.1/dev"]


def refused(uri, application_type="web"):
    with pytest.raises(InvalidInputError) as caught:
        check_registrable(uri, application_type=application_type)
    assert caught.value.field == "redirect_uris"
    return caught.value.public


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/signed-in",
        "https://shop.example",
        "https://shop.example:8443/a/b;c?d=e&f=%20/?",
        "https://SHOP.example/CB",
        "https://xn--bcher-kva.example/cb",
        "https://192.0.2.7/cb",
        "https://[2001:db8::7]:8443/cb",
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:3000/cb",
    ],
)
def test_a_web_client_registers_https_and_http_on_loopback(uri):
    check_registrable(uri, application_type="web")


@pytest.mark.spec("RFC 8252", "7.1")
@pytest.mark.parametrize(
    "uri", ["com.example.app:/signed-in", "com.example.app://callback", "com.example.my-app:/"]
)
def test_a_private_use_scheme_is_for_native_apps_alone(uri):
    check_registrable(uri, application_type="native")
    refused(uri, "web")


@pytest.mark.spec("RFC 8252", "7.3")
@pytest.mark.parametrize("uri", NATIVE)
def test_a_native_app_registers_loopback_and_claimed_https(uri):
    check_registrable(uri, application_type="native")


@pytest.mark.spec("RFC 6749", "3.1.2")
@pytest.mark.parametrize("uri", ["https://shop.example/cb#", "https://shop.example/cb#part"])
def test_a_fragment_cannot_be_registered(uri):
    assert "fragment" in refused(uri)


@pytest.mark.spec("RFC 6749", "3.1.2")
@pytest.mark.parametrize(
    "uri", ["/signed-in", "//shop.example/cb", "shop.example/cb", "", "https:"]
)
def test_a_relative_reference_cannot_be_registered(uri):
    refused(uri)


@pytest.mark.parametrize("kind", ["web", "native"])
@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "blob:https://shop.example/1",
        "about:blank",
        "myapp:/cb",
        "Com.Example.App:/cb",
        "com.example.app:cb",
        "urn:example:cb",
        "ftp://shop.example/cb",
        "HTTPS://shop.example/cb",
    ],
)
def test_a_scheme_that_runs_or_that_anybody_has_cannot_be_registered(uri, kind):
    refused(uri, kind)


@pytest.mark.parametrize("kind", ["web", "native"])
@pytest.mark.parametrize(
    "uri",
    [
        "http://shop.example/cb",
        "http://localhost.shop.example/cb",
        "http://127.0.0.1.shop.example/cb",
        "http://10.0.0.1/cb",
    ],
)
def test_http_beyond_loopback_cannot_be_registered(uri, kind):
    refused(uri, kind)


@pytest.mark.spec("RFC 9700", "2.1")
@pytest.mark.parametrize(
    "uri", ["https://*.shop.example/cb", "https://shop.example/*", "https://shop.example/cb?*"]
)
def test_a_wildcard_cannot_be_registered(uri):
    assert "wildcard" in refused(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://user@shop.example/cb",
        "https://user:word@shop.example/cb",
        "https://@shop.example/cb",
        "https://shop.example:/cb",
        "https://shop.example:0/cb",
        "https://shop.example:080/cb",
        "https://shop.example:65536/cb",
        "https://shop.example:-1/cb",
        "https://:443/cb",
        "https:///cb",
        "https://shop.example./cb",
        "https://-shop.example/cb",
        "https://shop..example/cb",
        f"https://{'a' * 64}.example/cb",
        "https://2130706433/cb",
        "https://0x7f.1/cb",
        "https://127.1/cb",
        "https://shop.0x10/cb",
        "https://[fe80::1%25eth0]/cb",
        "https://[::1]x/cb",
        "https://[::g]/cb",
        "https://shop.example/a/../cb",
        "https://shop.example/%2e%2E/cb",
        "https://shop.example/./cb",
        "https://shop.example/c b",
        "https://shop.example/cb\n",
        "https://shop.example/\tcb",
        "https://shop.example\\@other.example/cb",
        "https://shop.example/%zz",
        "https://shop.example/%",
        "https://shop.example/\x00",
        "https://shop.example/<cb>",
        'https://shop.example/"cb"',
        "https://bücher.example/cb",
        "https://shop.example/" + "a" * 2048,
        None,
        7,
    ],
)
def test_what_two_readers_could_read_differently_cannot_be_registered(uri):
    refused(uri)


def test_places_after_sign_out_follow_the_same_rules():
    check_post_logout("https://shop.example/bye", application_type="web")
    with pytest.raises(InvalidInputError) as caught:
        check_post_logout("http://shop.example/bye", application_type="web")
    assert caught.value.field == "post_logout_redirect_uris"


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example",
        "https://app.example:8443",
        "http://localhost:3000",
        "http://[::1]:8080",
    ],
)
def test_an_origin_is_accepted_as_browsers_send_it(origin):
    check_origin(origin)


@pytest.mark.spec("RFC 6454", "6.2")
@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://*.app.example",
        "https://app.example/",
        "https://app.example/path",
        "https://app.example?",
        "https://app.example#",
        "https://App.example",
        "HTTPS://app.example",
        "https://app.example:443",
        "http://localhost:80",
        "http://app.example",
        "ftp://app.example",
        "com.example.app://x",
        "app.example",
        "https://user@app.example",
        "",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin):
    with pytest.raises(InvalidInputError) as caught:
        check_origin(origin)
    assert caught.value.field == "allowed_origins"


def test_a_page_about_the_client_is_http_or_https():
    check_page("http://shop.example/terms#part", field="tos_uri")
    for uri in ("javascript:alert(1)", "//shop.example", "https://user@shop.example/", "https://"):
        with pytest.raises(InvalidInputError) as caught:
            check_page(uri, field="tos_uri")
        assert caught.value.field == "tos_uri"


@pytest.mark.spec("RFC 9700", "4.1.3")
@given(presented=st.text() | st.sampled_from(WEB).flatmap(lambda uri: st.text().map(uri.__add__)))
@example(presented="https://shop.example/signed-in/")
@example(presented="https://shop.example/signed-in?")
@example(presented="https://shop.example/signed-in#")
@example(presented="https://SHOP.example/signed-in")
@example(presented="https://shop.example:443/signed-in")
@example(presented="http://127.0.0.1:8000/dev")
def test_for_a_web_client_nothing_but_the_exact_string_matches(presented):
    assert matches(WEB, presented, application_type="web") == (presented in WEB)


def mutations(uri):
    """The URI with one piece cut out, put in or exchanged anywhere."""
    places = st.integers(0, len(uri))
    piece = st.text(max_size=3) | st.sampled_from(
        [":1", ":80", "@", "/", "?", "#", "%2f", ".", "\n"]
    )
    return st.tuples(places, st.integers(0, 3), piece).map(
        lambda change: uri[: change[0]] + change[2] + uri[change[0] + change[1] :]
    )


LITERAL = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([0-9]+))?(?=[/?]|\Z)")


def normal(uri):
    """What must be equal for two loopback URIs to match, said in another way than the product does."""
    found = LITERAL.match(uri)
    if not found:
        return None
    port = found[2]
    if port is not None and (port != str(int(port)) or not 1 <= int(port) <= 65535):
        return None
    return found[1], uri[found.end() :]


@pytest.mark.spec("RFC 8252", "7.3")
@given(presented=st.sampled_from(NATIVE).flatmap(mutations))
@example(presented="http://127.0.0.1:1@evil.example/signed-in")
@example(presented="http://127.0.0.1:1.evil.example/signed-in")
@example(presented="http://127.0.0.1:/signed-in")
@example(presented="http://127.0.0.1:0/signed-in")
@example(presented="http://127.0.0.1:65536/signed-in")
@example(presented="http://127.0.0.1:08/signed-in")
@example(presented="http://127.0.0.1:٨/signed-in")
@example(presented="http://127.0.0.1:8/signed-in\n")
@example(presented="https://127.0.0.1:8/signed-in")
@example(presented="http://localhost:8/signed-in")
@example(presented="http://[::1]:8/signed-in")
@example(presented="https://app.example:8/signed-in")
def test_for_a_native_app_nothing_but_the_loopback_port_may_differ(presented):
    expected = presented in NATIVE or (
        normal(presented) is not None and normal(presented) in [normal(uri) for uri in NATIVE]
    )
    assert matches(NATIVE, presented, application_type="native") == expected


@pytest.mark.spec("RFC 8252", "7.3")
@given(port=st.integers(1, 65535))
def test_any_port_of_a_registered_loopback_address_matches(port):
    for host, rest in (("127.0.0.1", "/signed-in"), ("[::1]", "/signed-in?a=b")):
        uri = f"http://{host}:{port}{rest}"
        assert matches(NATIVE, uri, application_type="native")
        assert not matches(NATIVE, uri, application_type="web")


@given(one=st.sampled_from(NATIVE), other=st.sampled_from(NATIVE))
def test_no_registered_address_stands_for_another(one, other):
    assume(one != other)
    assert not matches([one], other, application_type="native")
