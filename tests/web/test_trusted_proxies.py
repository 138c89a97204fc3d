"""Whose word about the client address counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.trusted_proxies import TrustedProxies

NOBODY = TrustedProxies(())
PROXIES = TrustedProxies(("10.0.0.0/8", "2001:db8:1::/48"))


def test_without_trusted_proxies_the_header_is_ignored():
    assert NOBODY.client_address("10.0.0.1", "192.0.2.1") == "10.0.0.1"


def test_a_stranger_cannot_give_itself_an_address():
    assert PROXIES.client_address("198.51.100.7", "192.0.2.1") == "198.51.100.7"


def test_the_client_is_what_the_trusted_proxy_saw():
    assert PROXIES.client_address("10.0.0.1", "192.0.2.1") == "192.0.2.1"


def test_what_the_client_wrote_itself_is_ignored():
    assert PROXIES.client_address("10.0.0.1", "203.0.113.9, 192.0.2.1") == "192.0.2.1"


def test_a_chain_of_trusted_proxies_is_followed():
    assert (
        PROXIES.client_address("10.0.0.1", "6.6.6.6, 192.0.2.1, 10.1.1.1, 10.2.2.2") == "192.0.2.1"
    )


def test_a_chain_of_nothing_but_proxies_ends_at_the_furthest():
    assert PROXIES.client_address("10.0.0.1", "10.9.9.9, 10.1.1.1") == "10.9.9.9"


@pytest.mark.parametrize("nonsense", ["unknown", "_hidden", "", "1.2.3.4.5", "999.1.1.1", "a:b"])
def test_nonsense_in_the_chain_ends_the_search_at_the_last_known_hop(nonsense):
    assert PROXIES.client_address("10.0.0.1", f"192.0.2.1, {nonsense}, 10.1.1.1") == "10.1.1.1"
    assert PROXIES.client_address("10.0.0.1", f"192.0.2.1, {nonsense}") == "10.0.0.1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("  192.0.2.1  ", "192.0.2.1"),
    ],
)
def test_one_address_has_one_spelling(written, meant):
    assert PROXIES.client_address("10.0.0.1", written) == meant


def test_a_proxy_that_connects_over_ipv6_as_ipv4_is_the_same_proxy():
    assert PROXIES.trusts("::ffff:10.0.0.1")
    assert PROXIES.client_address("::ffff:10.0.0.1", "192.0.2.1") == "192.0.2.1"


def test_a_connection_without_an_address_is_nobody():
    assert PROXIES.client_address("", "192.0.2.1") is None
    assert not PROXIES.trusts("")
    assert not PROXIES.trusts("unix:")


def test_a_chain_without_end_is_not_followed_without_end():
    chain = ", ".join(["192.0.2.1", *["10.1.1.1"] * 5000])
    assert PROXIES.client_address("10.0.0.1", chain) == "10.1.1.1"


@given(st.text(max_size=100), st.text(max_size=300))
def test_no_header_breaks_the_search(peer, header):
    PROXIES.client_address(peer, header)
    PROXIES.client_address("10.0.0.1", header)
