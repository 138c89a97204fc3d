import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from threading import Event

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.core import outbound, outbound_addresses, settings_loader
from app.core.outbound import OutboundRefusedError, fetch, fetch_json, post
from app.core.outbound_addresses import is_allowed, is_public, resolve
from tests.core.tls_server import Authority, Site

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Image/PNG; x=y\r\n"
PNG = HEAD + b"Content-Length: 3\r\n\r\nPNG"
LIMIT = 2048


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def change(authority, tmp_path):
    """An application that may reach loopback and trusts our authority; the function changes settings."""
    app = Flask("signet-outbound")
    app.extensions["signet.settings"] = settings_loader.load(
        {
            "SIGNET_OUTBOUND_ALLOW": "127.0.0.0/8",
            "SIGNET_CA_BUNDLE": str(authority.bundle),
            "SIGNET_OUTBOUND_MAX_BYTES": str(LIMIT),
        },
        folder=tmp_path,
    )

    def change(**values):
        before = app.extensions["signet.settings"]
        app.extensions["signet.settings"] = replace(
            before, outbound=replace(before.outbound, **values)
        )

    with app.app_context():
        yield change


@pytest.fixture
def names(monkeypatch, change):
    """What names resolve to, in this test alone; and which were asked for."""
    known = {"logo.example": ["127.0.0.1"]}
    asked = []

    def ask(host, _port):
        asked.append(host)
        try:
            return [ip_address(each) for each in known[host]]
        except KeyError:
            return [ip_address(host)]

    monkeypatch.setattr(outbound_addresses, "_ask_system", ask)
    known["asked"] = asked
    return known


@pytest.fixture
def site(authority):
    @contextmanager
    def start(answer=PNG, *called):
        with Site(answer, authority.server_context(*(called or ("logo.example",)))) as running:
            yield running

    return start


def get(site, path="/", host="logo.example", scheme="https", **limits):
    return fetch(f"{scheme}://{host}:{site.port}{path}", accept="image/png", **limits)


def refusal(site, **places):
    with pytest.raises(OutboundRefusedError) as caught:
        get(site, **places)
    assert caught.value.public == "The address could not be fetched."
    return caught.value.detail


def test_an_answer_is_its_status_media_type_and_body(names, site):
    with site() as running:
        answer = get(running, "/a/b.png?c=d")
    assert answer == outbound.Fetched(200, "image/png", b"PNG")


def test_the_request_says_no_more_than_it_must(names, site, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with site() as running:
        get(running, "/a/b.png?c=d#e")
    assert running.requests[0].decode().split("\r\n") == [
        "GET /a/b.png?c=d HTTP/1.1",
        f"Host: logo.example:{running.port}",
        "Accept: image/png",
        "Accept-Encoding: identity",
        "User-Agent: Signet",
        "Connection: close",
        "",
        "",
    ]


@pytest.mark.spec("ASVS 5.0", "12.3.2")
def test_a_server_that_another_authority_vouches_for_is_refused(names, tmp_path, site):
    other = Authority(tmp_path)
    with Site(PNG, other.server_context("logo.example")) as running:
        assert "CERTIFICATE_VERIFY_FAILED" in refusal(running)
    assert not any(running.requests)


@pytest.mark.spec("ASVS 5.0", "12.3.2")
def test_a_server_with_another_name_is_refused(names, site):
    with site(PNG, "other.example") as running:
        assert "CERTIFICATE_VERIFY_FAILED" in refusal(running)


def test_an_address_is_proved_like_a_name(names, site):
    with site(PNG, "127.0.0.1") as running:
        assert get(running, host="127.0.0.1").status == 200
    with site(PNG, "127.0.0.2") as running:
        assert "CERTIFICATE_VERIFY_FAILED" in refusal(running, host="127.0.0.1")


@pytest.mark.spec("ASVS 5.0", "12.1.1")
def test_nothing_older_than_tls_1_2_is_spoken(names):
    assert outbound._trust().minimum_version == outbound.ssl.TLSVersion.TLSv1_2


def test_without_a_readable_bundle_nothing_is_trusted(names, site, change, tmp_path):
    change(ca_bundle=tmp_path / "absent.pem")
    with site() as running:
        assert "No such file" in refusal(running)


@pytest.mark.spec("ASVS 5.0", "1.3.6")
def test_what_the_operator_does_not_allow_is_not_even_connected_to(names, site, change):
    change(allow=())
    with site() as running:
        assert "no address" in refusal(running)
    assert running.requests == []


@pytest.mark.spec("ASVS 5.0", "1.3.6")
@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]
)
def test_no_spelling_of_loopback_is_reached(change, site, host):
    change(allow=())
    with site() as running:
        refusal(running, host=host)
    assert running.requests == []


def test_http_is_spoken_within_allowed_networks_alone(names, change, monkeypatch):
    with Site(PNG) as running:
        assert get(running, scheme="http").body == b"PNG"
    names["logo.example"] = ["93.184.215.14"]
    monkeypatch.setattr(outbound, "_connect", None)
    assert "no address" in refusal(running, scheme="http")


@pytest.mark.spec("ASVS 5.0", "1.3.6")
def test_a_name_is_resolved_once_and_the_judged_address_is_the_one_connected_to(names, site):
    names["logo.example"] = ["10.0.0.1", "169.254.169.254", "127.0.0.1"]
    with site() as running:
        assert get(running).status == 200
    assert names["asked"] == ["logo.example"]


def test_the_next_address_is_tried_when_one_does_not_answer(names, site):
    names["logo.example"] = ["127.0.0.9", "127.0.0.1"]
    with site() as running:
        assert get(running).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.spec("ASVS 5.0", "15.3.2")
def test_a_redirect_is_an_answer_and_not_followed(names, site, status):
    head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: https://logo.example/\r\n"
    with site(head.encode() + b"Content-Length: 0\r\n\r\n") as running:
        assert get(running).status == status
    assert len(running.requests) == 1


def endless(connection, closing):
    connection.sendall(HEAD + b"\r\n")
    while not closing.is_set():
        connection.sendall(b"x" * 4096)


def endless_headers(connection, closing):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not closing.is_set():
        connection.sendall(b"X: " + b"x" * 4000 + b"\r\n")


def endless_interim(connection, closing):
    while not closing.is_set():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


LARGE = str(LIMIT + 1).encode()


@pytest.mark.parametrize(
    "answer",
    [
        endless,
        endless_headers,
        endless_interim,
        HEAD + b"Content-Length: " + LARGE + b"\r\n\r\n",
        HEAD + b"Content-Length: " + LARGE + b"\r\n\r\n" + b"x" * (LIMIT + 1),
        HEAD + b"\r\n" + b"x" * (LIMIT + 1),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n801\r\n" + b"x" * 0x801 + b"\r\n0\r\n\r\n",
    ],
)
def test_a_larger_answer_than_the_limit_is_refused(names, site, answer):
    with site(answer) as running:
        refusal(running)


def test_the_limit_counts_what_comes_before_the_answer_too(names, site):
    with site(endless_interim) as running:
        assert "too large" in refusal(running)


def test_an_answer_as_large_as_the_limit_is_accepted(names, site):
    for framing in (b"Content-Length: 2048\r\n\r\n", b"\r\n"):
        with site(HEAD + framing + b"x" * LIMIT) as running:
            assert len(get(running).body) == LIMIT


def test_a_caller_can_lower_the_limit_but_not_raise_it(names, site):
    with site() as running:
        assert "larger than 2 bytes" in refusal(running, max_bytes=2)
        assert get(running, max_bytes=3).body == b"PNG"
    with site(HEAD + b"\r\n" + b"x" * (LIMIT + 1)) as running:
        refusal(running, max_bytes=10 * LIMIT)


def dripping(connection, closing):
    connection.sendall(HEAD)
    while not closing.wait(0.05):
        connection.sendall(b"X")


def dripping_body(connection, closing):
    connection.sendall(HEAD + b"Content-Length: 2000\r\n\r\n")
    while not closing.wait(0.05):
        connection.sendall(b"X")


def silent(_connection, closing):
    closing.wait(10)


@pytest.mark.parametrize("answer", [dripping, dripping_body, silent])
def test_a_slow_server_is_given_up_after_the_one_deadline(names, site, change, answer):
    change(timeout=timedelta(seconds=0.5))
    with site(answer) as running:
        begun = time.monotonic()
        refusal(running)
        assert 0.4 < time.monotonic() - begun < 3


def test_a_server_that_never_shakes_hands_is_given_up(names, change):
    change(timeout=timedelta(seconds=0.5))
    with Site(silent) as running:
        begun = time.monotonic()
        refusal(running)
        assert time.monotonic() - begun < 3


def test_a_resolver_that_hangs_is_given_up(change, monkeypatch):
    answered = Event()
    monkeypatch.setattr(outbound_addresses, "_ask_system", lambda *_: answered.wait(10) and [])
    change(timeout=timedelta(seconds=0.3))
    begun = time.monotonic()
    with pytest.raises(OutboundRefusedError) as caught:
        fetch("https://logo.example/", accept="*/*")
    answered.set()
    assert "not resolved in time" in caught.value.detail
    assert time.monotonic() - begun < 3


def test_not_more_than_a_few_resolvers_hang_at_once(monkeypatch):
    answered = Event()
    started = []

    def ask(host, _port):
        started.append(host)
        answered.wait(10)
        return []

    monkeypatch.setattr(outbound_addresses, "_ask_system", ask)
    for _ in range(12):
        with pytest.raises(TimeoutError):
            resolve("logo.example", 443, timeout=0.02)
    answered.set()
    assert len(started) == 8
    monkeypatch.setattr(outbound_addresses, "_ask_system", lambda *_: [])
    assert resolve("logo.example", 443, timeout=5) == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"SMTP ready\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nPNG",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n",
    ],
)
def test_what_is_not_a_whole_plain_answer_is_refused(names, site, answer):
    with site(answer) as running:
        refusal(running)


FORM = "application/x-www-form-urlencoded"


def send(site, body=b"a=b", *, scheme="https", seconds=5.0):
    url = f"{scheme}://logo.example:{site.port}/out?c=d"
    return post(url, body, content_type=FORM, timeout=timedelta(seconds=seconds))


def not_sent(site, **options):
    with pytest.raises(OutboundRefusedError) as caught:
        send(site, **options)
    return caught.value.detail


def test_what_is_posted_arrives_as_it_is_and_is_answered(names, site):
    with site() as running:
        assert send(running) == outbound.Fetched(200, "image/png", b"PNG")
    assert running.requests[0].decode().split("\r\n") == [
        "POST /out?c=d HTTP/1.1",
        f"Host: logo.example:{running.port}",
        "Accept: */*",
        f"Content-Type: {FORM}",
        "Content-Length: 3",
        "Accept-Encoding: identity",
        "User-Agent: Signet",
        "Connection: close",
        "",
        "a=b",
    ]


def test_a_large_body_arrives_whole(names):
    body, received = b"x" * 300_000, []

    def read_all(connection, _closing):
        # The site has read the head, and whatever came along with it.
        received.append(running.requests[0].partition(b"\r\n\r\n")[2])
        while sum(map(len, received)) < len(body):
            received.append(connection.recv(65536))
        connection.sendall(PNG)

    with Site(read_all) as running:
        assert send(running, body, scheme="http").status == 200
    assert b"".join(received) == body


@pytest.mark.parametrize("status", [200, 204, 301, 302, 303, 307, 308, 400, 404, 503])
def test_whatever_the_status_a_post_is_sent_once_and_not_followed(names, site, status):
    head = f"HTTP/1.1 {status} So\r\nLocation: https://logo.example/\r\n"
    with site(head.encode() + b"Content-Length: 0\r\n\r\n") as running:
        assert send(running).status == status
    assert len(running.requests) == 1


@pytest.mark.parametrize(
    "rest",
    [
        b"\r\n" + b"x" * 8000,
        b"Content-Length: 8000\r\n\r\n" + b"x" * 8000,
        b"Content-Length: 8000000\r\n\r\n" + b"x" * 4096,
    ],
)
def test_of_the_answer_to_a_post_the_beginning_is_read(names, rest):
    with Site(HEAD + rest) as running:
        assert send(running, scheme="http").body == b"x" * 4096


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 10\r\n\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
    ],
)
def test_a_status_counts_even_if_what_follows_is_broken(names, site, rest):
    with site(HEAD + rest) as running:
        assert send(running).status == 200


@pytest.mark.parametrize("answer", [b"", b"SMTP ready\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_a_post_without_an_answer_is_refused_like_a_fetch(names, site, answer):
    with site(answer) as running:
        assert "logo.example" in not_sent(running)


@pytest.mark.parametrize("answer", [silent, endless_headers, endless_interim])
def test_a_post_is_given_up_after_its_own_deadline(names, site, change, answer):
    change(timeout=timedelta(seconds=60))
    with site(answer) as running:
        begun = time.monotonic()
        not_sent(running, seconds=0.5)
        assert time.monotonic() - begun < 3


def test_a_post_to_a_server_that_drips_ends_at_the_deadline_with_its_status(names, site):
    def answer(connection, closing):
        connection.sendall(HEAD + b"\r\n")
        while not closing.wait(0.05):
            connection.sendall(b"X")

    with site(answer) as running:
        begun = time.monotonic()
        assert send(running, seconds=0.5).status == 200
        assert time.monotonic() - begun < 3


@pytest.mark.spec("ASVS 5.0", "1.3.6")
def test_a_post_goes_only_where_a_fetch_may_go(names, site, change):
    change(allow=())
    with site() as running:
        assert "no address" in not_sent(running)
    assert running.requests == []


@pytest.mark.spec("ASVS 5.0", "12.3.2")
def test_nothing_is_posted_to_a_server_that_another_authority_vouches_for(names, tmp_path):
    other = Authority(tmp_path)
    with Site(PNG, other.server_context("logo.example")) as running:
        assert "CERTIFICATE_VERIFY_FAILED" in not_sent(running)
    assert not any(running.requests)


def test_a_refused_post_tells_the_log_neither_body_nor_query(names, site):
    with site(b"") as running:
        detail = not_sent(running, body=b"very-secret")
    assert "very-secret" not in detail
    assert "c=d" not in detail


def document(site, **options):
    return fetch_json(f"https://logo.example:{site.port}/keys", **options)


def test_json_is_read_whatever_media_type_it_claims(names, site):
    with site(HEAD + b'\r\n{"keys":[1,2]}') as running:
        assert document(running) == {"keys": [1, 2]}
        assert document(running, accept="application/jwk-set+json") == {"keys": [1, 2]}
    assert b"\r\nAccept: application/json\r\n" in running.requests[0]
    assert b"\r\nAccept: application/jwk-set+json\r\n" in running.requests[1]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>", b'{"a":1,"a":2}', b"NaN", b'"\xff"', b"[" * 1000]
)
def test_what_is_no_strict_json_is_refused(names, site, body):
    with site(HEAD + b"\r\n" + body) as running, pytest.raises(OutboundRefusedError) as caught:
        document(running)
    assert caught.value.detail.startswith("logo.example: the answer is not JSON")


@pytest.mark.parametrize("status", [201, 204, 301, 304, 404, 500])
def test_json_of_another_status_is_refused(names, site, status):
    head = f"HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\n{{}}"
    with site(head.encode()) as running, pytest.raises(OutboundRefusedError, match=str(status)):
        document(running)


def test_json_beyond_the_limit_of_the_caller_is_refused(names, site):
    with site(HEAD + b"\r\n[1,2,3]") as running:
        assert document(running, max_bytes=7) == [1, 2, 3]
        with pytest.raises(OutboundRefusedError, match="larger"):
            document(running, max_bytes=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rest=st.binary(max_size=80), start=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", HEAD, PNG]))
@example(rest=b"Content-Length: -1\r\n\r\n", start=HEAD)
@example(rest=b"Content-Length: 99999999999999999999999\r\n\r\n", start=HEAD)
@example(rest=b"Content-Type: \xff\xfe\r\n\r\n", start=b"HTTP/1.1 200 OK\r\n")
def test_whatever_a_server_sends_it_is_an_answer_or_a_refusal(names, change, start, rest):
    with Site(start + rest) as running:
        try:
            assert len(get(running, scheme="http").body) <= LIMIT
        except OutboundRefusedError as error:
            assert error.detail  # noqa: PT017 - both ends are right, no other is


@pytest.mark.parametrize(
    "url",
    [
        "", "logo.example", "//logo.example/", "ftp://logo.example/", "file:///etc/passwd",
        "gopher://logo.example/", "https://", "https:///a", "https://user@logo.example/",
        "https://user:word@logo.example/", "https://logo.example:99999/", "https://[::1/",
        "https://logo.example/a b", "https://logo.example/\r\nX: y", "https://logo.example/\x00",
        "https://lögo.example/", "https://logo.example/" + "a" * 2048,
    ],
)  # fmt: skip
def test_an_unusual_url_is_refused_before_anything_is_asked(names, url):
    with pytest.raises(OutboundRefusedError):
        fetch(url, accept="*/*")
    assert names["asked"] == []


@pytest.mark.parametrize("host", ["a" * 64 + ".example", ".", "a..example", "absent.invalid"])
def test_a_name_that_is_none_is_refused(change, host):
    with pytest.raises(OutboundRefusedError):
        fetch(f"https://{host}/", accept="*/*")


def test_a_refusal_tells_the_log_the_host_and_never_the_query(names, site):
    with site(b"") as running:
        detail = refusal(running, path="/a?key=very-secret")
    assert "logo.example" in detail
    assert "very-secret" not in detail


@pytest.mark.spec("RFC 6890", "2.2.2")
@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255",
    ],
)  # fmt: skip
def test_an_ipv4_address_of_special_purpose_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.spec("RFC 6890", "2.2.3")
@pytest.mark.parametrize(
    "address",
    [
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1",
        "2001:db8::1", "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd12::1",
        "fe80::1", "fec0::1", "ff02::1",
    ],
)  # fmt: skip
def test_an_ipv6_address_of_special_purpose_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "93.184.215.14",
        "172.32.0.1",
        "100.128.0.1",
        "2606:2800:21f::1",
        "2a00:1450:4001::1",
    ],
)
def test_other_addresses_are_public(address):
    assert is_public(ip_address(address))


@given(address=st.ip_addresses())
def test_what_the_standard_library_calls_private_is_never_public(address):
    if address.is_private or address.is_loopback or address.is_multicast or address.is_reserved:
        assert not is_public(address)


def test_an_allowed_network_allows_its_addresses_alone():
    allowed = ("10.1.0.0/16", "fd00::/8")
    for address in ("10.1.2.3", "fd12::1", "::ffff:10.1.2.3"):
        assert is_allowed(ip_address(address), allowed)
    for address in ("10.2.0.1", "fe80::1", "8.8.8.8", "::ffff:10.2.0.1"):
        assert not is_allowed(ip_address(address), allowed)
    assert not is_allowed(ip_address("10.1.2.3"), ())
