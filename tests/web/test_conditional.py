"""Conditions and codings, apart from any resource."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.conditional import accepts_gzip, entity_tag, match, none_match

TAG = '"abc"'


@pytest.mark.spec("RFC 9110", "8.8.3")
def test_the_tag_of_other_bytes_is_another_strong_tag():
    assert entity_tag(b"one") != entity_tag(b"two")
    assert entity_tag(b"one") == entity_tag(b"one")
    assert entity_tag(b"one").startswith('"')


@pytest.mark.spec("RFC 9110", "13.1.2")
@pytest.mark.parametrize(
    "header",
    ['"abc"', 'W/"abc"', "*", " * ", '"x", "abc"', '"x","abc","y"', '"x,y", W/"abc"', '"",  "abc"'],
)
def test_a_client_that_knows_the_tag_is_told_so(header):
    assert not none_match(header, TAG)


@pytest.mark.spec("RFC 9110", "13.1.2")
@pytest.mark.parametrize(
    "header", ['"abcd"', '"x,"', "", "abc", "'abc'", '"abc', '"ABC"', '"x", "y"', '"*"', '"a", *']
)
def test_a_client_that_knows_other_tags_gets_the_whole(header):
    assert none_match(header, TAG)


@pytest.mark.spec("RFC 9110", "13.1.1")
def test_a_weak_tag_never_satisfies_if_match():
    assert match('"x", "abc"', TAG)
    assert match("*", TAG)
    assert not match('W/"abc"', TAG)
    assert not match('"x"', TAG)
    assert not match("", TAG)


@pytest.mark.spec("RFC 9110", "12.5.3")
@pytest.mark.parametrize(
    "header",
    [
        "gzip", "GZIP", "x-gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.8", "*", "gzip;q=0.001",
        "deflate,gzip ; q=1.000", "identity;q=0.5, gzip;q=0.5", "identity;q=0, *;q=0.1", "gzip;Q=1",
    ],
)  # fmt: skip
def test_gzip_is_sent_to_those_who_take_it(header):
    assert accepts_gzip(header)


@pytest.mark.spec("RFC 9110", "12.5.3")
@pytest.mark.parametrize(
    "header",
    [
        "", "identity", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "gzip;q=nonsense",
        "gzip;q=0.5, identity", "gzip;q=2", "gzipped", "not-gzip",
    ],
)  # fmt: skip
def test_gzip_is_not_sent_to_those_who_refuse_it(header):
    assert not accepts_gzip(header)


@given(st.text(max_size=200))
def test_no_header_makes_a_condition_fail_to_decide(header):
    assert none_match(header, TAG) in {True, False}
    assert match(header, TAG) in {True, False}
    assert accepts_gzip(header) in {True, False}
