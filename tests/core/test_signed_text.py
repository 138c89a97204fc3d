"""Signed text is what itsdangerous makes of it: what was signed before an update is still good, and after it too."""

from hashlib import sha256

import pytest
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from app.core.signed_text import SignedText, TimedText

OLD, NEW = b"o" * 32, b"n" * 32
VALUE = {"request": {"scope": ["openid"], "state": "x" * 200}, "browser": "b"}
# Short, hardly to be compressed, well to be compressed.
VALUES = ["", {"browser": "0123456789"}, "".join(map(chr, range(32, 127))) * 2, VALUE]
KINDS = [(SignedText, URLSafeSerializer), (TimedText, URLSafeTimedSerializer)]
WAYS = [{}, {"digest_method": sha256}, {"digest_method": sha256, "key_derivation": "hmac"}]

both = pytest.mark.parametrize(("ours", "theirs"), KINDS)


def made(kind, keys=NEW, way=None, salt="salt"):
    return kind(keys, salt=salt, signer_kwargs=way or {})


@both
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", VALUES)
def test_either_reads_what_the_other_signed(ours, theirs, way, value):
    ours, theirs = made(ours, way=way), made(theirs, way=way)
    for _ in range(2):
        assert theirs.loads(ours.dumps(value)) == value
        assert ours.loads(theirs.dumps(value)) == value


@both
def test_a_request_is_as_short_in_an_address_as_theirs(ours, theirs):
    assert len(made(ours).dumps(VALUE)) == len(made(theirs).dumps(VALUE))


@both
def test_the_last_key_signs_and_each_is_believed(ours, theirs):
    rotated = made(ours, [OLD, NEW])
    assert made(theirs, NEW).loads(rotated.dumps(VALUE)) == VALUE
    for key in (OLD, NEW):
        assert rotated.loads(made(theirs, key).dumps(VALUE)) == VALUE
    with pytest.raises(BadData):
        made(ours, NEW).loads(made(ours, OLD).dumps(VALUE))


@both
def test_another_salt_is_another_signature(ours, theirs):
    with pytest.raises(BadData):
        made(ours).loads(made(ours, salt="other").dumps(VALUE))
    text = made(ours).dumps(VALUE, salt="other")
    assert made(theirs, salt="other").loads(text) == VALUE
    with pytest.raises(BadData):
        made(ours).loads(text)


@both
def test_a_changed_letter_is_noticed_wherever_it_stands(ours, theirs):
    serializer = made(ours)
    text = serializer.dumps("value")
    for at, letter in enumerate(text[:-1]):
        forged = text[:at] + ("A" if letter != "A" else "B") + text[at + 1 :]
        with pytest.raises(BadData):
            serializer.loads(forged)


def test_what_is_too_old_is_over(monkeypatch):
    serializer = made(TimedText)
    text = serializer.dumps("value")
    assert serializer.loads(text, max_age=60) == "value"
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 10**11)
    with pytest.raises(BadData):
        serializer.loads(text, max_age=60)
