"""What a setting is: one declaration carries its default, name, reason, specification and limits.

The reference page, ``signet config check`` and the loader are all made from these declarations, so none of
them can tell another story. A value arrives as text (environment) or as a TOML value and leaves typed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

from app.core.errors import ConfigurationError

ENVIRONMENT_PREFIX = "SIGNET_"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+)(ms|s|m|h|d|w)?")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True)
class Option:
    """The declaration of one setting. ``minimum`` and ``maximum`` bound numbers and durations, both included."""

    name: str
    reason: str
    spec: str | None = None
    minimum: float | timedelta | None = None
    maximum: float | timedelta | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False

    @property
    def environment(self) -> str:
        """Return the environment variable that sets it."""
        return ENVIRONMENT_PREFIX + self.name


def option(default: Any, name: str, reason: str, **limits: Any) -> Any:
    """Declare a setting as a dataclass field: ``SIGNET_<name>``, with its default and the reason for it."""
    metadata = {"option": Option(name, reason, **limits)}
    return field(default=default, metadata=metadata, repr=not limits.get("secret", False))


def declared(section: type) -> list[tuple[Field[Any], Option]]:
    """Return the fields of ``section`` with their declarations, in the order they were written."""
    return [(each, each.metadata["option"]) for each in fields(section)]


def default_of(each: Field[Any]) -> Any:
    """Return the default of a declared field."""
    return None if each.default is MISSING else each.default


def build(section: type[Any], values: Mapping[str, tuple[str, Any]]) -> Any:
    """Make ``section`` from ``values``: option name -> (where it was found, raw value).

    Raises:
        ConfigurationError: a value is of the wrong type or outside its limits; the message names the place.
    """
    hints = get_type_hints(section)
    arguments = {}
    for each, declaration in declared(section):
        if declaration.name in values:
            place, raw = values[declaration.name]
            arguments[each.name] = _value(declaration, hints[each.name], place, raw)
    return section(**arguments)


def duration(text: str) -> timedelta:
    """Return ``90d``, ``10m``, ``250ms`` or plain seconds as a duration.

    Raises:
        ValueError: it is none of these.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError("a duration is written like 30s, 10m, 12h or 90d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2] or "s"])


def _value(declaration: Option, hint: Any, place: str, raw: Any) -> Any:
    try:
        value = _parse(hint, raw)
    except ValueError as error:
        raise ConfigurationError(f"{place}: {error}") from None
    if declaration.choices and value not in declaration.choices:
        raise ConfigurationError(f"{place}: must be one of {', '.join(declaration.choices)}")
    if declaration.minimum is not None and value < declaration.minimum:
        raise ConfigurationError(f"{place}: must be at least {declaration.minimum}")
    if declaration.maximum is not None and value > declaration.maximum:
        raise ConfigurationError(f"{place}: must be at most {declaration.maximum}")
    return value


def _parse(hint: Any, raw: Any) -> Any:
    for kind, parse in _PARSERS.items():
        if hint in (kind, kind | None):
            return parse(raw)
    raise TypeError(f"no parser for {hint}")


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return word in _TRUE


def _integer(raw: Any) -> int:
    if isinstance(raw, bool) or not re.fullmatch(r"-?\d{1,15}", str(raw).strip()):
        raise ValueError("must be a whole number")
    return int(raw)


def _words(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, list):
        if not all(isinstance(item, str) for item in raw):
            raise ValueError("must be a list of text")
        return tuple(raw)
    return tuple(word for word in re.split(r"[,\s]+", str(raw)) if word)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError("must be text")  # noqa: TRY004 - one error for one bad value
    return raw.strip()


_PARSERS: dict[Any, Callable[[Any], Any]] = {
    bool: _boolean,
    int: _integer,
    str: _text,
    Path: lambda raw: Path(_text(raw)).expanduser(),
    timedelta: lambda raw: duration(str(raw)),
    tuple[str, ...]: _words,
}
