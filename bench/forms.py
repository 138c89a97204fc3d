"""The forms of Signet's pages, as a program fills them in."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r'<input\b([^>]*type="hidden"[^>]*)>')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@dataclass(frozen=True)
class Form:
    """Where a form goes, and what it carries unseen."""

    action: str
    hidden: Mapping[str, str]

    def filled(self, **values: str) -> str:
        """Return the body of the request that sends it."""
        return urlencode({**self.hidden, **values})


def of(page: bytes, *, holding: str = "") -> Form:
    """Return the first form of ``page`` that holds the text ``holding``.

    Raises:
        LookupError: there is none.
    """
    for attributes, inside in _FORM.findall(page.decode()):
        if holding in inside:
            fields = map(_attributes, _FIELD.findall(inside))
            action = _attributes(attributes).get("action", "")
            return Form(action, {field["name"]: field["value"] for field in fields})
    raise LookupError(f"no form with {holding!r} in {page[:2000]!r}")


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(text)}
