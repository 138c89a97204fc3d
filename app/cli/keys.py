"""``signet keys``: the keys that sign what we issue."""

from typing import TYPE_CHECKING, Any, BinaryIO

import click

from app.cli import output
from app.cli.context import opened
from app.cli.options import with_json
from app.core import clock

if TYPE_CHECKING:
    from app.jose.signing_keys import KeyRecord

_COLUMNS = ("kid", "algorithm", "state", "activates_at", "retires_at", "gone_at")
_MAX_PEM_BYTES = 1 << 16


@click.group("keys")
def command() -> None:
    """Signing keys: list, rotate, import."""


@command.command("list")
@with_json
def list_(*, as_json: bool) -> None:
    """List the signing keys and their states."""
    with opened():
        from app.jose import signing_keys

        found = [_shown(each) for each in signing_keys.records(now=clock.now())]
    output.several(found, columns=_COLUMNS, as_json=as_json)


@command.command("rotate")
@click.option(
    "--now", "immediate", is_flag=True,
    help="For a compromise: the present keys stop counting at once, with all they signed.",
)  # fmt: skip
@click.option("--algorithm", help="Only the key of this algorithm.")
@with_json
def rotate(algorithm: str | None, *, immediate: bool, as_json: bool) -> None:
    """Announce the next key; it signs once every cache has noticed it."""
    with opened():
        from app.jose import signing_keys

        made = signing_keys.rotate(algorithm, immediate=immediate, now=clock.now())
        found = [_shown(each) for each in made]
    output.several(found, columns=_COLUMNS, as_json=as_json)


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--algorithm", required=True, help="The algorithm it is to sign with.")
@with_json
def import_(file: BinaryIO, algorithm: str, *, as_json: bool) -> None:
    """Announce the private key of a PEM FILE (`-` reads standard input) as the next."""
    pem = file.read(_MAX_PEM_BYTES)
    with opened():
        from app.jose import signing_keys

        found = _shown(signing_keys.import_key(pem, algorithm=algorithm, now=clock.now()))
    output.one(found, as_json=as_json)


def _shown(record: "KeyRecord") -> dict[str, Any]:
    return output.as_mapping(record)
