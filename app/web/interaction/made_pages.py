"""Pages made before: the same for every reader but for a few values, which are all that is put in anew.

The first of a kind is rendered as ever. Its values are found again in what came out, and what stands
between them is kept for the next reader: nobody says twice what the page looks like. A page in which
a value stands twice, or not at all, is rendered each time.
"""

from collections.abc import Callable, Hashable, Sequence
from itertools import chain, zip_longest

from markupsafe import escape

# Of each view; then it begins anew. A page of ours is about two kilobytes.
_MOST = 512


class MadePages:
    """The pages of one view of one application, by all that they depend on beside their values."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[str, ...]] = {}

    def page(self, kind: Hashable, values: Sequence[str], render: Callable[[], str]) -> str:
        """Return the page of ``kind`` with ``values``, in the order in which they stand on it.

        ``render`` makes the whole page. ``kind`` names everything that it depends on beside ``values``:
        who leaves out something here shows it to somebody else.
        """
        told = [str(escape(value)) for value in values]
        pieces = self._made.get(kind)
        if pieces is not None:
            return "".join(chain.from_iterable(zip_longest(pieces, told, fillvalue="")))
        text = render()
        pieces = _between(text, told)
        if pieces is not None:
            if len(self._made) >= _MOST:
                self._made.clear()
            self._made[kind] = pieces
        return text


def _between(text: str, told: Sequence[str]) -> tuple[str, ...] | None:
    """Return what stands before, between and behind ``told``; ``None`` unless each stands there once, in order."""
    pieces = []
    rest = text
    for value in told:
        if text.count(value) != 1:
            return None
        before, found, rest = rest.partition(value)
        if not found:
            return None
        pieces.append(before)
    return (*pieces, rest)
