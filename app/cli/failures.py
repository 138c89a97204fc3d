"""What is said when a command does not succeed, and the exit code that says it to a script.

0 is success; 1, it was refused: not found, a conflict, not acceptable; 2, the command line is wrong; 3,
the configuration is; 4, something we need is not available, above all the database.
"""

import json
import sys

import click

from app.core.errors import ConfigurationError, InvalidInputError, SignetError, UnavailableError

REFUSED = 1
USAGE = 2
CONFIGURATION = 3
UNAVAILABLE = 4
INTERRUPTED = 130


def answer(error: Exception, *, as_json: bool) -> int:
    """Say on standard error what went wrong and return the exit code.

    An error that nobody foresaw is raised again: its traceback is what a report needs.
    """
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return USAGE
    if isinstance(error, click.Abort):
        return INTERRUPTED
    name, message, code = _explain(error)
    if as_json:
        said = {"error": name, "message": message}
        if isinstance(error, InvalidInputError) and error.field:
            said["field"] = error.field
        click.echo(json.dumps(said), err=True)
    else:
        click.echo(f"signet: error: {message}", err=True)
    return code


def _explain(error: Exception) -> tuple[str, str, int]:
    if isinstance(error, SignetError):
        return _refused(error)
    if isinstance(error, click.ClickException):
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
        hint = f" (see `{where} --help`)" if where else ""
        return "usage", _one_line(error.format_message()) + hint, USAGE
    # A command that needs no database has not imported what knows its errors.
    if "sqlalchemy.exc" in sys.modules:
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        if isinstance(error, DBAPIError):
            return "unavailable", f"the database: {_one_line(str(error.orig))}", UNAVAILABLE
        if isinstance(error, SQLAlchemyError):
            return "unavailable", f"the database: {_one_line(str(error))}", UNAVAILABLE
    if isinstance(error, OSError):
        return "unavailable", _one_line(str(error)), UNAVAILABLE
    raise error


def _refused(error: SignetError) -> tuple[str, str, int]:
    message = _one_line(str(error))
    if isinstance(error, InvalidInputError) and error.field:
        message = f"{error.field}: {message}"
    if isinstance(error, ConfigurationError):
        return "configuration", message, CONFIGURATION
    if isinstance(error, UnavailableError):
        return "unavailable", message, UNAVAILABLE
    return _snake(type(error).__name__.removesuffix("Error")), message, REFUSED


def _snake(name: str) -> str:
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.lstrip("_")


def _one_line(text: str) -> str:
    return " ".join(text.split())
