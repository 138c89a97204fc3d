"""JSON of strangers: one reading, or none."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import strict_json

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(value=ANY)
def test_what_is_no_doubt_is_read_as_it_is(value):
    assert strict_json.read(json.dumps(value).encode(), depth=50) == value


@pytest.mark.spec("RFC 7493", "2.3")
@pytest.mark.spec("ASVS 5.0", "1.5.3")
@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":1}', '{"x":[{"a":1,"b":2,"a":3}]}', '{"a":1,"\\u0061":2}'],
)
def test_a_name_that_comes_twice_is_refused(text):
    with pytest.raises(ValueError, match="comes twice"):
        strict_json.read(text)


@pytest.mark.spec("RFC 7493", "2.2")
@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"exp":-Infinity}', "1e999", "[-1e400]"])
def test_a_number_that_does_not_exist_is_refused(text):
    with pytest.raises(ValueError, match=r"not JSON|too large"):
        strict_json.read(text)


@pytest.mark.spec("RFC 7493", "2.1")
@pytest.mark.parametrize(
    "text",
    [b'"\\ud800"', b'{"\\udc00":1}', b'["a","\\ud800x"]', b'"\xff"', '"é"'.encode("latin-1"),
     '"a"'.encode("utf-16"), b"\xef\xbb\xbf1", b'"\xed\xa0\x80"'],
)  # fmt: skip
def test_text_that_is_no_unicode_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any is right, the message is for a log
        strict_json.read(text)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "[1,]", "{'a':1}", "{a:1}", "1 2", "\x00", '"\n"', "[" * 100_000]
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any is right, the message is for a log
        strict_json.read(text)


def test_a_number_of_thousands_of_digits_is_refused():
    with pytest.raises(ValueError, match="digits"):
        strict_json.read("9" * 5000)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_has_a_limit(opening, closing):
    def nested(count):
        return strict_json.read(opening * count + "1" + closing * count)

    assert nested(10)
    with pytest.raises(ValueError, match="too deeply"):
        nested(11)
