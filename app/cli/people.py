"""How a person is shown on the command line, and how a password comes in."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from app.cli import output
from app.core.config import Settings

if TYPE_CHECKING:
    from app.identity.users import Person

# Standard claims that live in fields of the account; --claim may name them all the same.
_FIELDS = ("name", "email", "email_verified")
COLUMNS = ("id", "username", "email", "name", "roles", "disabled")


def shown(person: "Person") -> dict[str, Any]:
    """Return what an operator sees of ``person``."""
    return output.as_mapping(person)


def claims_of(pairs: tuple[tuple[str, str], ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims given as NAME=VALUE: those that an account has a field for, and all others."""
    from app.identity import claims

    parsed = {name: claims.parse(name, text) for name, text in pairs}
    fields = {name: parsed.pop(name) for name in _FIELDS if name in parsed}
    if not isinstance(fields.get("email_verified", True), bool):
        raise click.UsageError("the claim email_verified is true or false")
    return fields, parsed


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
