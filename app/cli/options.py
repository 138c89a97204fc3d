"""The options that many commands share, and the kinds of value they take."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import click

from app.core import strict_json
from app.core.errors import InvalidInputError
from app.core.options import duration

Function = TypeVar("Function", bound=Callable[..., Any])
DEFAULT_PAGE = 50
MAX_PAGE = 1000
_MAX_KEY_SET = 64 * 1024


class Duration(click.ParamType[timedelta]):
    """A length of time as settings write it: ``30s``, ``10m``, ``12h``, ``90d``."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the duration."""
        if isinstance(value, timedelta):
            return value
        try:
            return duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Pair(click.ParamType[tuple[str, str]]):
    """``NAME=VALUE``."""

    name = "name=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return name and value."""
        if isinstance(value, tuple):
            return value
        name, equals, text = str(value).partition("=")
        if not equals or not name:
            self.fail("is written NAME=VALUE", param, ctx)
        return name, text


class KeySet(click.ParamType[Mapping[str, Any]]):
    """A file that holds a JSON Web Key Set, ``-`` for standard input; '' is none."""

    name = "file"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Mapping[str, Any]:
        """Return the set, read strictly; whether its keys will do is for the registry to say."""
        if isinstance(value, Mapping) or value == "":
            return value or {}
        with click.File("rb").convert(value, param, ctx) as file:
            content = file.read(_MAX_KEY_SET + 1)
        try:
            document = strict_json.read(content) if len(content) <= _MAX_KEY_SET else None
        except ValueError:
            document = None
        if not isinstance(document, dict) or not document:
            self.fail("is not the JSON object of a key set", param, ctx)
        return document


class ClaimLine(click.ParamType[Mapping[str, Any]]):
    """``CLAIM = SOURCE in PLACE ...``; '' is none."""

    name = "claim mapping"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Mapping[str, Any]:
        """Return the entry of a claim mapping."""
        from app.clients import claim_mappings

        if isinstance(value, Mapping) or value == "":
            return value or {}
        try:
            return claim_mappings.entry_of(value)
        except InvalidInputError as error:
            self.fail(error.public, param, ctx)


def with_json(function: Function) -> Function:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")(function)


def with_paging(function: Function) -> Function:
    """Add ``--limit`` and ``--after``."""
    limit = click.option(
        "--limit", type=click.IntRange(1, MAX_PAGE), default=DEFAULT_PAGE, show_default=True,
        help="How many at most.",
    )  # fmt: skip
    after = click.option("--after", metavar="ID", help="Begin after this one.")
    return limit(after(function))
