"""``signet config``: the settings in force."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import click

from app.cli import output, settings_page
from app.cli.options import with_json
from app.core import installation, settings_loader
from app.core.config import Settings
from app.core.options import declared

_HIDDEN = "(hidden)"


@click.group("config")
def command() -> None:
    """Settings: check and show them."""


@command.command("check")
@with_json
def check(*, as_json: bool) -> None:
    """Say whether the settings are usable; exit code 3 if not."""
    settings = settings_loader.load()
    output.one({"ok": True, "issuer": settings.issuer}, as_json=as_json)


@command.command("show")
@with_json
def show(*, as_json: bool) -> None:
    """Show every setting, its value and where it was set; secrets stay hidden."""
    found = _settings(settings_loader.load())
    output.several(found, columns=("setting", "value", "source"), as_json=as_json)


@command.command("reference")
@with_json
def reference(*, as_json: bool) -> None:
    """Print the reference page of all settings."""
    if as_json:
        output.several(settings_page.records(), columns=(), as_json=True)
        return
    click.echo(settings_page.page(), nl=False)


def _settings(settings: Settings) -> list[dict[str, Any]]:
    places = installation.places()
    found = []
    for section in fields(settings):
        part = getattr(settings, section.name)
        for field, option in declared(type(part)):
            value = getattr(part, field.name)
            found.append({
                "setting": option.environment,
                "value": _HIDDEN if option.secret and value is not None else _told(value),
                "source": places.get(option.name, "default"),
            })  # fmt: skip
    return found


def _told(value: Any) -> Any:
    return settings_page.written(value) if isinstance(value, timedelta) else value
