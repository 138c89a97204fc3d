"""Recognise a secret wherever it was left, however it was spelled on the way there."""

import base64
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

# Of a value inside something longer that was encoded as a whole, what is the same whatever stands around it.
_SHORTEST = 10


def spellings(secret: str | bytes) -> frozenset[bytes]:
    """Return the forms in which ``secret`` may stand in a file: as it is, escaped, and encoded."""
    raw = secret.encode() if isinstance(secret, str) else secret
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), raw[::-1], *_base64(raw)}
    if isinstance(secret, str):
        found |= {quote(secret, safe="").encode(), quote_plus(secret).encode()}
        found |= {
            json.dumps(secret)[1:-1].encode(),
            repr(secret)[1:-1].encode(),
            secret.encode("utf-16-le"),
        }
        found.add(secret.lower().encode())
    return frozenset(each for each in found if len(each) >= _SHORTEST)


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of ``raw`` at each of the three places where it can begin."""
    for before in range(3):
        head = base64.b64encode(bytes(before) + raw)
        # The first and the last letters also depend on what stands next to the secret.
        core = head[-(-before * 8 // 6) :].rstrip(b"=")[:-1]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))


def left_in(place: bytes, secrets: Mapping[str, str | bytes]) -> list[str]:
    """Return the names of the ``secrets`` that ``place`` holds."""
    return [
        name for name, value in secrets.items() if any(each in place for each in spellings(value))
    ]
