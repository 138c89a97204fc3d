"""Conditional requests and content codings: what RFC 9110 asks of a resource that can be cached.

Specs:
    RFC 9110 section 8.8.3     entity tags; another content coding is another strong tag
    RFC 9110 section 12.5.3    ``Accept-Encoding`` and its weights
    RFC 9110 section 13.1      ``If-Match`` compares strongly, ``If-None-Match`` weakly

Nothing here raises: a header that makes no sense is as good as absent.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from app.core.secrets import encode

# A tag may hold commas, so a list of tags cannot simply be split (RFC 9110 section 8.8.3).
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_WEIGHT = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)
_TAG_BYTES = 18
_MAX_HEADER = 4096
# "The following content codings are equivalent" (RFC 9110 section 8.4.1.3).
_GZIP_NAMES = ("gzip", "x-gzip")


@dataclass(frozen=True)
class Content:
    """What a resource says now, and for how many seconds anybody may remember it.

    ``until_change`` is when it is planned to say something else: nobody may repeat it beyond that, however stale
    they are allowed to be. ``None``: nothing is planned.
    """

    body: bytes
    max_age: int
    until_change: int | None = None

    def at_most(self, seconds: int) -> int:
        """Return for how many of ``seconds`` after ``max_age`` it may still be repeated."""
        if self.until_change is None:
            return seconds
        return max(0, min(seconds, self.until_change - self.max_age))


def entity_tag(representation: bytes) -> str:
    """Return the strong entity tag of exactly these bytes, quotes included."""
    return f'"{encode(hashlib.sha256(representation).digest()[:_TAG_BYTES])}"'


def none_match(header: str, tag: str) -> bool:
    """Tell whether ``If-None-Match: header`` holds, that is, whether the client lacks ``tag``."""
    if header.strip() == "*":
        return False
    return all(found != tag for _, found in _TAG.findall(header[:_MAX_HEADER]))


def match(header: str, tag: str) -> bool:
    """Tell whether the condition ``If-Match: header`` holds; a weak tag never matches."""
    if header.strip() == "*":
        return True
    return any(not weak and found == tag for weak, found in _TAG.findall(header[:_MAX_HEADER]))


@lru_cache(maxsize=256)
def accepts_gzip(header: str) -> bool:
    """Tell whether ``Accept-Encoding: header`` likes gzip no less than no coding at all."""
    weights: dict[str, float] = {}
    for part in header[:_MAX_HEADER].lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            written = _WEIGHT.fullmatch(parameter)
            # A weight that makes no sense refuses: no coding is always understood, gzip perhaps
            # not.
            weight = float(written[1]) if written else 0.0
        weights[name] = weight
    named = [weights[name] for name in _GZIP_NAMES if name in weights]
    gzip = max(named) if named else weights.get("*", 0.0)
    return gzip > 0 and gzip >= weights.get("identity", 0.0)
