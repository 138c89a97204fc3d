"""``signet reference``: the reference pages of ``docs/``, made from what they describe."""

import click

from app.cli import output, settings_page
from app.cli.options import with_json

_INTRODUCTION = """\
# Command line

Made by `signet reference cli`; not edited by hand.

`signet` is everything an operator does, one noun for each group of commands. Every command takes `--json`
and then answers with JSON alone on standard output; remarks and errors go to standard error, an error as
one line, with `--json` as `{"error": ..., "message": ...}`.

| Exit code | Meaning |
| --- | --- |
| 0 | success |
| 1 | refused: not found, a conflict, not acceptable |
| 2 | the command line is wrong |
| 3 | the configuration is wrong |
| 4 | something we need is not available, above all the database |

A command works on the installation that the settings describe: run it where `signet serve` runs, with the
same environment. On SQLite a command may come before the first start and prepares what the start would.
"""


@click.command("reference")
@click.argument("page", type=click.Choice(("settings", "cli")))
@with_json
def command(page: str, *, as_json: bool) -> None:
    """Print a reference page in Markdown."""
    text = settings_page.page() if page == "settings" else cli_page()
    if as_json:
        output.one({"page": page, "markdown": text}, as_json=True)
        return
    click.echo(text, nl=False)


def cli_page() -> str:
    """Return the reference page of the command line, in Markdown."""
    # Imported here: main finds this module by name, so neither may need the other to be loaded.
    from app.cli.main import NOUNS, noun

    parts = [_INTRODUCTION]
    for name in NOUNS:
        found = noun(name)
        parts.append(f"\n## signet {name}\n\n{_prose(found)}\n")
        if isinstance(found, click.Group):
            for verb, member in found.commands.items():
                path = f"signet {name} {verb}"
                parts.append(f"\n### {path}\n\n{_prose(member)}\n{_usage(member, path)}")
        else:
            parts.append(_usage(found, f"signet {name}"))
    return "".join(parts)


def _prose(member: click.Command) -> str:
    return " ".join((member.help or "").split())


def _usage(member: click.Command, path: str) -> str:
    context = click.Context(member, info_name=path)
    pieces = " ".join(member.collect_usage_pieces(context))
    records = [
        record
        for each in member.params
        if isinstance(each, click.Option) and (record := each.get_help_record(context))
    ]
    listed = "".join(f"- `{option}`: {says}\n" for option, says in records)
    return f"\n```\n{path} {pieces}\n```\n\n{listed}"
