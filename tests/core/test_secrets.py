"""Identifiers as people meet them."""

from app.core import secrets


def test_no_identifier_looks_like_an_option_to_a_command(monkeypatch):
    drawn = [b"\xf8" * 16, b"\xfc" * 16, b"\0" * 16]
    assert [secrets.encode(each)[0] for each in drawn] == ["-", "_", "A"]
    monkeypatch.setattr("os.urandom", lambda size: drawn.pop(0)[:size])
    assert secrets.new_id() == "A" * 22
    assert not drawn
