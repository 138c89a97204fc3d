"""The body of a machine's request: whole or not at all, however it arrives."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import ClientDisconnected

from app.core import settings_loader
from app.web.delivery import machine_request

FORM = "application/x-www-form-urlencoded"


class Dribble:
    """A stream that gives a few bytes at a time, and then ends or breaks."""

    def __init__(self, whole: bytes, *, breaks: bool = False) -> None:
        self._rest = BytesIO(whole)
        self._breaks = breaks

    def read(self, size: int = -1) -> bytes:
        part = self._rest.read(min(3, size) if size >= 0 else 3)
        if not part and self._breaks:
            raise OSError("reset by peer")
        return part


def parameters(stream: Any, length: str, **environ: Any) -> dict[str, str]:
    sent = {"wsgi.input": stream, "CONTENT_LENGTH": length, "CONTENT_TYPE": FORM, **environ}
    app = Flask(__name__)
    app.extensions["signet.settings"] = settings_loader.load({})
    with app.test_request_context("/token", method="POST", environ_overrides=sent):
        return dict(machine_request().parameters.values)


@pytest.mark.parametrize("size", [3, 999, 1000, 4096, 4097, 9000])
def test_a_body_of_any_size_is_read_whole(size: int) -> None:
    body = b"a=" + b"x" * (size - 2)
    assert parameters(BytesIO(body), str(size)) == {"a": "x" * (size - 2)}


def test_a_body_that_arrives_in_pieces_is_read_whole() -> None:
    assert parameters(Dribble(b"a=1&bc=23456789"), "15") == {"a": "1", "bc": "23456789"}


def test_what_follows_the_announced_body_is_not_part_of_it() -> None:
    assert parameters(BytesIO(b"a=1&b=2"), "3") == {"a": "1"}


@pytest.mark.spec("RFC 9112", "8")
@pytest.mark.parametrize("breaks", [True, False])
def test_half_a_body_is_not_taken_for_a_whole_one(*, breaks: bool) -> None:
    with pytest.raises(ClientDisconnected):
        parameters(Dribble(b"a=1&b=2", breaks=breaks), "20")


@pytest.mark.parametrize("length", ["", "-1", "+3", "3.0", "many", "\u0663", "9" * 5000])
def test_a_length_that_is_no_number_reads_nothing_and_breaks_nothing(length: str) -> None:
    try:
        assert parameters(BytesIO(b""), length) == {}
    except ClientDisconnected:
        assert length.isdecimal()
