"""How a person is shown on the command line, and how a password comes in."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from app.cli import output
from app.cli.options import claim_value
from app.core.config import Settings

if TYPE_CHECKING:
    from app.identity.users import Person

COLUMNS = ("id", "username", "email", "name", "roles", "disabled")


def shown(person: "Person") -> dict[str, Any]:
    """Return what an operator sees of ``person``."""
    return output.as_mapping(person)


def claims_of(pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Return the claims given as NAME=VALUE."""
    return {name: claim_value(text) for name, text in pairs}


def password_from(given: Mapping[str, Any]) -> str | None:
    """Return the password on standard input, if it was announced, without one newline at its end.

    Everything else belongs to it, spaces too.
    """
    if not given["password_stdin"]:
        return None
    text = sys.stdin.buffer.read(1 << 16)
    try:
        return text.removesuffix(b"\r\n" if text.endswith(b"\r\n") else b"\n").decode("utf-8")
    except UnicodeDecodeError:
        raise click.UsageError("the password on standard input is not UTF-8") from None


def remark_if_short(password: str, settings: Settings) -> None:
    """Remark on a password that an operator may set and a person could not choose."""
    wanted = settings.passwords.min_length
    if len(password) < wanted:
        output.remark(
            f"warning: the password has fewer than the {wanted} characters people must use"
        )
