"""``signet``: everything an operator does, one noun for each group of commands.

Only the group that is asked for is imported, so that ``signet --help`` answers at once and no command
pays for another's libraries.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from app import __version__
from app.cli import failures

# In the order of the help page. The words stand here, not beside the commands: to show them must not
# import every command.
NOUNS = {
    "serve": "Start the server.",
    "users": "People: create, show, disable, set a password.",
    "clients": "Applications that sign people in.",
    "apis": "APIs: the audiences and scopes of access tokens.",
    "registration-tokens": "Leave for applications to register themselves.",
    "passwords": "Password hashes: propose what they should cost.",
    "keys": "Signing keys: list, rotate, import.",
    "sessions": "Browsers that are signed in.",
    "db": "The database: upgrade, check, count, purge.",
    "audit": "What happened.",
    "config": "Settings: check and show them.",
}
# It makes the pages of docs/ and is no operator's concern.
_HIDDEN = "reference"


def noun(name: str) -> click.Command:
    """Return the command, or group of commands, of a noun."""
    found: click.Command = import_module(f"app.cli.{name.replace('-', '_')}").command
    return found


class _Nouns(click.Group):
    """A group that finds its commands by name, in the module of that name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(NOUNS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        return noun(cmd_name) if cmd_name in NOUNS or cmd_name == _HIDDEN else None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(NOUNS.items()))


@click.group(cls=_Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="signet", message="%(prog)s %(version)s")
def signet() -> None:
    """Signet, an OAuth 2.0 and OpenID Connect identity provider.

    Every command takes --json. Exit codes: 0 success, 1 refused, 2 wrong usage, 3 wrong
    configuration, 4 unavailable.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    # Whatever is made here, keys and database above all, is the owner's alone.
    os.umask(0o077)
    try:
        code = signet.main(args=given, prog_name="signet", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - every error ends here, the unforeseen is raised again
        return failures.answer(error, as_json="--json" in given)
    return code if isinstance(code, int) else 0
