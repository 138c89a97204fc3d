"""The key set and the metadata as clients fetch them."""

import gzip
import json
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from app.core.db import db
from app.jose import signing_keys
from app.web import constant_answers
from app.web.conditional import Content
from tests.support import provider as providers

JWKS = "/.well-known/jwks.json"
DISCOVERY = "/.well-known/openid-configuration"
METADATA = "/.well-known/oauth-authorization-server"
ALL = (JWKS, DISCOVERY, METADATA)


@pytest.fixture
def http(provider):
    return provider.app.test_client()


@pytest.fixture
def always_looks(monkeypatch):
    """Let every request look at the keys again and wait for it, as one a second later would."""
    monkeypatch.setattr(constant_answers, "_RECHECK_SECONDS", 0)
    monkeypatch.setattr(constant_answers, "_KNOWN_SECONDS", 0)


def max_age(answer):
    directives = dict(
        part.strip().partition("=")[::2] for part in answer.headers["Cache-Control"].split(",")
    )
    return int(directives["max-age"])


@pytest.mark.spec("OpenID Connect Discovery 1.0", "4.2")
@pytest.mark.parametrize("path", ALL)
def test_it_is_json_that_anybody_may_fetch_and_keep(http, path):
    answer = http.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Cache-Control"].startswith("public, max-age=900, ")
    assert "stale-while-revalidate=60" in answer.headers["Cache-Control"]
    assert "stale-if-error=3600" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    names = [name for name, _ in answer.headers]
    assert len(names) == len(set(names))
    assert answer.json


@pytest.mark.spec("RFC 8414", "3")
def test_both_well_known_paths_say_the_same(http):
    assert http.get(DISCOVERY).data == http.get(METADATA).data


@pytest.mark.spec("OpenID Connect Discovery 1.0", "4.3")
def test_the_document_does_not_follow_the_host_header(http):
    answer = http.get(DISCOVERY, headers={"Host": "evil.example", "X-Forwarded-Host": "e.example"})
    assert answer.json["issuer"] == providers.ISSUER
    assert "evil" not in answer.text


def test_every_announced_address_has_a_view(provider, http):
    document = http.get(DISCOVERY).json
    rules = {rule.rule for rule in provider.app.url_map.iter_rules()}
    for name, value in document.items():
        if name.endswith("_endpoint"):
            assert value.removeprefix(providers.ISSUER) in rules
    assert http.get(document["jwks_uri"].removeprefix(providers.ISSUER)).status_code == 200


def test_every_announced_language_is_one_of_the_pages(http):
    from app.web import language

    assert http.get(DISCOVERY).json["ui_locales_supported"] == list(language.SUPPORTED)


@pytest.mark.spec("RFC 7517", "4")
def test_the_key_set_has_public_members_alone(http):
    (key,) = http.get(JWKS).json["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")


@pytest.mark.parametrize("path", ALL)
@pytest.mark.spec("RFC 9110", "9.3.2")
def test_head_is_get_without_the_body(http, path):
    get, head = http.get(path), http.head(path)
    assert head.status_code == 200
    assert head.data == b""
    assert list(head.headers) == list(get.headers)


@pytest.mark.parametrize("path", ALL)
def test_a_preflight_is_answered(http, path):
    answer = http.options(
        path, headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    )
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.spec("RFC 9110", "15.5.6")
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_other_methods_are_refused_with_those_that_are_not(http, path, method):
    answer = http.open(path, method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("RFC 9110", "13.1.2")
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_whoever_has_it_is_told_that_nothing_changed(http, path, coding):
    accepting = {"Accept-Encoding": coding}
    tag = http.get(path, headers=accepting).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = http.get(path, headers={**accepting, "If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert answer.headers["Cache-Control"].startswith("public, max-age=")
    assert http.get(path, headers={**accepting, "If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ALL)
@pytest.mark.spec("RFC 9110", "8.4.1.3")
def test_it_is_compressed_for_those_who_want_it(http, path):
    plain = http.get(path)
    packed = http.get(path, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Content-Encoding" not in plain.headers


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_a_rotation_is_announced_in_the_next_answer_with_another_tag(provider, http, always_looks):
    before = http.get(JWKS)
    with provider.app.app_context():
        signing_keys.rotate(None, immediate=False, now=provider.at)
        db.session.commit()
    after = http.get(JWKS)
    assert len(before.json["keys"]) == 1
    assert len(after.json["keys"]) == 2
    assert before.json["keys"][0] in after.json["keys"]
    assert after.headers["ETag"] != before.headers["ETag"]


@pytest.mark.spec("RFC 9111", "5.2.2.1")
def test_nobody_may_keep_the_keys_beyond_the_next_planned_change(provider, http, always_looks):
    assert max_age(http.get(JWKS)) == 900
    with provider.app.app_context():
        signing_keys.rotate(None, immediate=False, now=provider.at)
        db.session.commit()
    provider.pass_time(minutes=6)
    http.get(JWKS)
    left = timedelta(minutes=15, seconds=60) - timedelta(minutes=6)
    assert max_age(http.get(JWKS)) == left.total_seconds()


def test_without_the_database_the_known_keys_are_served(provider, http, always_looks, monkeypatch):
    known = http.get(JWKS)

    def fail(*_, **__):
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(db.session, "execute", fail)
    monkeypatch.setattr(signing_keys, "published", fail)
    for _ in range(3):
        answer = http.get(JWKS)
        assert (answer.status_code, answer.data) == (200, known.data)
        assert http.get(DISCOVERY).status_code == 200


@pytest.mark.spec("OpenID Connect Core 1.0", "10.1.1")
def test_nobody_may_repeat_the_keys_beyond_the_next_planned_change() -> None:
    content = Content(b"", max_age=40, until_change=70)
    assert content.at_most(20) == 20
    assert content.at_most(3600) == 30
    assert Content(b"", max_age=900, until_change=900).at_most(60) == 0
    assert Content(b"", max_age=900).at_most(3600) == 3600
