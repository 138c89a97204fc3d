"""The reference page of all settings, made from their declarations."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

from app.core.config import Settings
from app.core.options import Option, declared, default_of

_INTRODUCTION = """\
# Settings

Made by `signet config reference`; not edited by hand.

Each setting is an environment variable, or a key of the same section in one TOML file: the file that
`SIGNET_CONFIG` names, or `signet.toml` in the working directory. The environment is looked at first. A name
that is not on this page refuses the start, and so does a contradiction. `signet config check` says whether
the settings are usable, `signet config show` what is in force and where it was set.

A duration is written `250ms`, `30s`, `10m`, `12h`, `90d` or `2w`; a plain number means seconds. A list is
separated by spaces or commas.
"""
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def page() -> str:
    """Return the page, in Markdown."""
    parts = [_INTRODUCTION]
    hints = get_type_hints(Settings)
    for section in fields(Settings):
        kind = hints[section.name]
        parts.append(f"\n## [{section.name}]\n\n{_first_line(kind)}\n")
        for field, option in declared(kind):
            parts.append(_entry(field.name, option, default_of(field)))
    return "".join(parts)


def records() -> list[dict[str, Any]]:
    """Return the declarations, for a program."""
    hints = get_type_hints(Settings)
    return [
        {
            "setting": option.environment,
            "section": section.name,
            "key": field.name,
            "default": _plain(default_of(field)),
            "reason": option.reason,
            "spec": option.spec,
            "minimum": _plain(option.minimum),
            "maximum": _plain(option.maximum),
            "choices": list(option.choices),
            "secret": option.secret,
        }
        for section in fields(Settings)
        for field, option in declared(hints[section.name])
    ]


def _entry(key: str, option: Option, default: Any) -> str:
    facts: Mapping[str, Any] = {
        "In the file": f"`{key}`",
        "Default": f"`{_plain(default)}`" if _plain(default) != "" else "none",
        "Limits": _limits(option),
        "One of": ", ".join(f"`{each}`" for each in option.choices),
        "See": option.spec,
        "Secret": "never shown or logged" if option.secret else "",
    }
    lines = "".join(f"- {name}: {value}\n" for name, value in facts.items() if value)
    return f"\n### {option.environment}\n\n{option.reason}\n\n{lines}"


def _limits(option: Option) -> str:
    least, most = _plain(option.minimum), _plain(option.maximum)
    if least != "" and most != "":
        return f"{least} to {most}"
    return f"at least {least}" if least != "" else f"at most {most}" if most != "" else ""


def _plain(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case timedelta():
            return written(value)
        case tuple() | list():
            return " ".join(value)
        case Path():
            return str(value)
    return value


def written(value: timedelta) -> str:
    """Return a duration as an operator would write it, in the largest unit that fits."""
    milliseconds = round(value.total_seconds() * 1000)
    seconds, rest = divmod(milliseconds, 1000)
    if rest:
        return f"{milliseconds}ms"
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return "0s"


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").splitlines()[0]
