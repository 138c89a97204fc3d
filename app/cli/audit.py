"""``signet audit``: what happened."""

import time
from typing import TYPE_CHECKING, Any

import click

from app.cli import output
from app.cli.context import opened
from app.cli.options import DEFAULT_PAGE, MAX_PAGE, with_json
from app.core.db import db

if TYPE_CHECKING:
    from app.audit.events import Event

_COLUMNS = (
    "at", "kind", "outcome", "actor", "user_id", "client_id", "address", "reference", "detail",
)  # fmt: skip
_PAUSE = 1.0


@click.group("audit")
def command() -> None:
    """What happened."""


@command.command("tail")
@click.option(
    "--limit", type=click.IntRange(1, MAX_PAGE), default=DEFAULT_PAGE, show_default=True,
    help="How many of the latest events.",
)  # fmt: skip
@click.option("--follow", "-f", is_flag=True, help="Stay, and show what happens.")
@click.option("--kind", help="Only this kind, such as sign_in.refused.")
@click.option("--user", "user_id", help="Only what concerns the person with this id.")
@click.option("--client", "client_id", help="Only what concerns the client with this id.")
@with_json
def tail(limit: int, *, follow: bool, as_json: bool, **filters: Any) -> None:
    """Show the latest events, the newest last; with --follow and --json, one object a line."""
    with opened():
        from app.audit import events

        _check_kind(filters["kind"], [str(kind) for kind in events.Kind])
        found = events.tail(limit=limit, **filters)[::-1]
        if not follow:
            output.several([_shown(event) for event in found], columns=_COLUMNS, as_json=as_json)
            return
        last = 0
        while True:
            for event in found:
                _say(event, as_json=as_json)
                last = event.id
            # No transaction may stay open while nothing happens.
            db.session.remove()
            time.sleep(_PAUSE)
            found = events.tail(limit=MAX_PAGE, after_id=last, **filters)[::-1]


def _check_kind(kind: str | None, kinds: list[str]) -> None:
    if kind is not None and kind not in kinds:
        raise click.UsageError(f"there is no kind {kind}; there are {', '.join(kinds)}")


def _say(event: "Event", *, as_json: bool) -> None:
    if as_json:
        output.line(_shown(event))
        return
    shown = _shown(event)
    click.echo("  ".join(text for name in _COLUMNS if (text := output.plain(shown[name]))))


def _shown(event: "Event") -> dict[str, Any]:
    return output.as_mapping(event)
