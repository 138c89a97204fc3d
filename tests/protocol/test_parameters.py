"""Reading parameters: once, strictly, and never with an unexpected error."""

from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocol.errors import OAuthError
from app.protocol.parameters import parse, parse_form

VISIBLE = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f", exclude_categories=["Cs"]),
    min_size=1,
)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(OAuthError):
        parse(raw)


@pytest.mark.spec("RFC 6749", "B")
@given(st.dictionaries(VISIBLE, VISIBLE, max_size=20))
def test_what_was_encoded_is_what_is_read(values: dict[str, str]) -> None:
    values.pop("resource", None)
    found = parse(urlencode(values).encode())
    assert dict(found.values) == values
    assert not found.repeated


@pytest.mark.spec("RFC 6749", "3.1")
@given(VISIBLE, VISIBLE, VISIBLE)
def test_a_repeated_parameter_has_no_value(name: str, one: str, other: str) -> None:
    found = parse(urlencode([(name, one), (name, other)]).encode())
    if name == "resource":
        assert set(found.resources) == {one, other}
    else:
        assert found.repeated == {name}
        assert found.get(name) is None


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_parameter_that_comes_three_times_is_still_refused(count: int) -> None:
    found = parse(b"&".join([b"state=x"] * count))
    assert found.get("state") is None
    assert found.repeated == {"state"}


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize(
    ("content_type", "query"),
    [
        (None, ""),
        ("application/json", ""),
        ("multipart/form-data; boundary=x", ""),
        ("application/x-www-form-urlencoded", "a=1"),
    ],
)
def test_only_a_form_body_without_a_query_is_read(content_type: str | None, query: str) -> None:
    with pytest.raises(OAuthError):
        parse_form(b"a=1", content_type=content_type, query=query)


def test_a_charset_beside_the_media_type_is_fine() -> None:
    found = parse_form(
        b"a=1", content_type="application/x-www-form-urlencoded; charset=UTF-8", query=""
    )
    assert found.get("a") == "1"
