"""What a command answers: a table or lines for a person, JSON for a program.

A name may have been chosen by a stranger and a terminal obeys control characters, so a person is shown
none of them; JSON leaves as ASCII, which holds none.
"""

import dataclasses
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_GAP = "  "


def as_mapping(value: Any) -> dict[str, Any]:
    """Return a dataclass as a mapping of its fields, one level deep."""
    return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}


def one(record: Mapping[str, Any], *, as_json: bool) -> None:
    """Answer with one thing."""
    if as_json:
        _json(record)
        return
    width = max((len(name) for name in record), default=0)
    for name, value in record.items():
        if value not in (None, "", (), [], {}):
            click.echo(f"{name:<{width}}{_GAP}{plain(value)}")


def several(records: Sequence[Mapping[str, Any]], *, columns: Sequence[str], as_json: bool) -> None:
    """Answer with a list: the ``columns`` of each for a person, everything for a program."""
    if as_json:
        _json(records)
        return
    rows = [tuple(plain(record.get(name)) for name in columns) for record in records]
    if not rows:
        click.echo("none", err=True)
        return
    heads = tuple(name.replace("_", " ") for name in columns)
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        line = _GAP.join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def line(record: Mapping[str, Any]) -> None:
    """Answer with one JSON object on a line of its own, for a stream of them."""
    click.echo(json.dumps(record, default=_portable))


def remark(text: str) -> None:
    """Tell a person something beside the answer."""
    click.echo(f"signet: {plain(text)}", err=True)


def more(records: Sequence[Mapping[str, Any]], *, limit: int, key: str, as_json: bool) -> None:
    """Tell a person how to see the rest, when the page is full."""
    if not as_json and records and len(records) == limit:
        remark(f"there may be more: --after {records[-1][key]}")


def plain(value: Any) -> str:
    """Return ``value`` as one line of visible characters."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case Mapping():
            text = json.dumps(value, default=_portable, ensure_ascii=False) if value else ""
        case list() | tuple() | set() | frozenset():
            text = " ".join(plain(each) for each in value)
        case _:
            text = str(value)
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if unicodedata.category(character) in _UNSEEN:
        return f"\\u{ord(character):04x}"
    return character


def _json(value: Any) -> None:
    click.echo(json.dumps(value, default=_portable, indent=2))


def _portable(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case timedelta():
            return value.total_seconds()
        case Path():
            return str(value)
        case Mapping():
            return dict(value)
        case Iterable():
            return list(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
