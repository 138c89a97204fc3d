"""Addresses of a client's own: where we fetch, whom we tell, and which sector it is of."""

from dataclasses import replace

import pytest

from app.clients.metadata import check
from app.core.errors import InvalidInputError

BASE = "https://shop.example"


@pytest.fixture(autouse=True)
def _context(app):
    pass


def refused(registration, **changes):
    with pytest.raises(InvalidInputError) as caught:
        check(replace(registration, **changes))
    return caught.value.field


@pytest.mark.spec("OpenID Connect Dynamic Client Registration 1.0", "2")
def test_request_uris_keep_their_fragment(web):
    uris = (f"{BASE}/request.jwt#abc", "http://127.0.0.1:9/r")
    assert check(replace(web, request_uris=uris)).request_uris == uris


@pytest.mark.parametrize(
    "uris", [("http://shop.example/r",), ("com.example:/r",), tuple(f"{BASE}/{n}" for n in range(21)), (7,)]
)  # fmt: skip
def test_request_uris_are_few_and_https(web, uris):
    assert refused(web, request_uris=uris) == "request_uris"


@pytest.mark.spec("OpenID Connect Core 1.0", "4")
@pytest.mark.parametrize("uri", ["http://127.0.0.1/start", "http://shop.example/", 7])
def test_a_sign_in_is_initiated_over_https_alone(web, uri):
    assert refused(web, initiate_login_uri=uri) == "initiate_login_uri"
    check(replace(web, initiate_login_uri=f"{BASE}/start"))


@pytest.mark.parametrize("values", [("",), ("a b",), ("a" * 256,), (7,)])
def test_an_acr_value_is_one_word(web, values):
    assert refused(web, default_acr_values=values) == "default_acr_values"


@pytest.mark.spec("OpenID Connect Core 1.0", "8.1")
@pytest.mark.parametrize(
    "uris",
    [
        (f"{BASE}/a", "https://other.example/b"), ("com.example.app:/a",),
        (f"{BASE}/a", "com.example.app:/a"),
    ],
)  # fmt: skip
def test_pairwise_subjects_need_one_host_or_a_sector(web, uris):
    web = replace(web, subject_type="pairwise", redirect_uris=uris, application_type="native")
    assert refused(web) == "sector_identifier_uri"
    check(replace(web, sector_identifier_uri="https://sector.example/uris.json"))
    check(replace(web, redirect_uris=(f"{BASE}/a", f"{BASE}:444/b")))


def test_a_sector_is_fetched_over_https_alone(web):
    changed = {"sector_identifier_uri": "http://127.0.0.1/s"}
    assert refused(web, subject_type="pairwise", **changed) == "sector_identifier_uri"
    assert refused(web, subject_type="secret") == "subject_type"


@pytest.mark.parametrize("field", ["backchannel_logout_uri", "frontchannel_logout_uri"])
def test_logout_addresses_are_https_without_a_fragment(web, field):
    check(replace(web, **{field: f"{BASE}/out?x=1"}))
    for uri in ("http://shop.example/out", f"{BASE}/out#a", "com.example:/out", 7):
        assert refused(web, **{field: uri}) == field


def test_logout_addresses_need_sessions(web):
    service = replace(web, grant_types=("client_credentials",), redirect_uris=(), scope=())
    assert refused(service, backchannel_logout_uri=f"{BASE}/out") == "backchannel_logout_uri"


@pytest.mark.spec("OpenID Connect Front-Channel Logout 1.0", "2")
@pytest.mark.parametrize(
    "uri", ["https://other.example/out", "https://shop.example:444/out", "http://127.0.0.1/out"]
)
def test_a_front_channel_address_has_the_origin_of_a_redirect_uri(web, uri):
    assert refused(web, frontchannel_logout_uri=uri) == "frontchannel_logout_uri"
    check(replace(web, frontchannel_logout_uri="https://shop.example:443/out"))
    check(replace(web, backchannel_logout_uri="https://other.example/out"))
