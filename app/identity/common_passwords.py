"""Common passwords: recognising by their making the ones that are guessed first.

Specs:
    ASVS 5.0 6.2.4, 6.2.11, 6.2.12    common passwords and words of the context are refused

The lists of the most used passwords consist of few words, names and walks over the keyboard, with a
year or an exclamation mark behind. So we do not keep the lists but the pieces, and refuse what is
put together from very few of them: ``P@ssw0rd2024!`` is one word, one year, one mark. A password of
several rare words is many pieces.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from app.identity.common_words import WALKS, WORDS
from app.identity.logins import fold

# A password of so many pieces, a piece being a character that is part of nothing known, is guessed
# early.
FEW_PIECES = 3
_SHORTEST_WALK = 3
_SHORTEST_CONTEXT = 3
_LONGEST_LOOKED_AT = 128
_DISGUISES = (
    str.maketrans("@431!05$7+89", "aaeiiossttbg"),
    str.maketrans("@431!05$7+89", "aaellossttbg"),
)
_DIGITS = re.compile(
    r"\d{1,4}(?!\d)|(?:19|20)\d\d(?:[01]\d[0-3]\d)?(?!\d)|[0-3]\d[01]\d(?:19|20)\d\d"
)
_SAME = re.compile(r"(.)\1*", re.DOTALL)
_REPEATED = re.compile(r"(.+?)\1+", re.DOTALL)


def is_guessable(password: str, *, context: Sequence[str] = ()) -> bool:
    """Tell whether ``password`` is made of very few pieces, the words of ``context`` among them."""
    words = _common() | frozenset(_words_of(context))
    return _pieces(_once(fold(password)[:_LONGEST_LOOKED_AT]), words) <= FEW_PIECES


def _pieces(text: str, words: frozenset[str]) -> int:
    """Return of how few pieces ``text`` can be put together."""
    spellings = (text, *(text.translate(disguise) for disguise in _DISGUISES))
    longest = max(map(len, words))
    fewest = [0] + [len(text)] * len(text)
    for start in range(len(text)):
        ends = _lone_ends(text, start)
        for end in range(start + 1, min(len(text), start + longest) + 1):
            if any(spelling[start:end] in words for spelling in spellings):
                ends.add(end)
        for end in ends:
            fewest[end] = min(fewest[end], fewest[start] + 1)
    return fewest[-1]


def _lone_ends(text: str, start: int) -> set[int]:
    """Return where the pieces end that begin at ``start`` and are no words."""
    matches = (_SAME.match(text, start), _DIGITS.match(text, start))
    return {start + 1, _walk_end(text, start)} | {match.end() for match in matches if match}


def _walk_end(text: str, start: int) -> int:
    """Return where the longest walk over keyboard, alphabet or digits from ``start`` ends."""
    end = start + _SHORTEST_WALK
    if end > len(text):
        return start + 1
    reached = start + 1
    for walk in _walks():
        while end <= len(text) and text[start:end] in walk:
            reached, end = end, end + 1
    return reached


def _once(text: str) -> str:
    """Return the part whose repetition ``text`` is, or ``text``."""
    match = _REPEATED.fullmatch(text)
    return match[1] if match else text


def _words_of(context: Iterable[str]) -> Iterable[str]:
    for each in context:
        folded = fold(each)
        for word in (folded, *re.split(r"[\W_]+", folded)):
            if len(word) >= _SHORTEST_CONTEXT:
                yield word


@cache
def _common() -> frozenset[str]:
    return frozenset(WORDS.split())


@cache
def _walks() -> tuple[str, ...]:
    there = WALKS.split()
    return tuple(there + [walk[::-1] for walk in there])
