"""``signet db``: the database."""

from collections import Counter
from typing import Any

import click
from sqlalchemy import func, select, text

from app.cli import context, installation, output
from app.cli.context import opened
from app.cli.options import with_json
from app.core import clock, logging, schema, settings_loader, space
from app.core.db import db
from app.core.errors import SignetError


class SchemaDiffersError(SignetError):
    """The database is not as this version made it. It must not be upgraded before somebody looked."""

    public = "The database differs from the schema of this version."


@click.group("db")
def command() -> None:
    """The database: upgrade, check, count, purge, compact."""


@command.command("upgrade")
@with_json
def upgrade(*, as_json: bool) -> None:
    """Bring the schema to this version; make it if there is none."""
    settings = settings_loader.load()
    logging.configure(settings, quiet=True)
    context.check_folder(settings)
    with installation.inside(installation.application(settings, with_keys=False)):
        # The tables have to be known before they can be compared with what is there.
        import app.models  # noqa: F401

        before = schema.installed_revision(db.engine)
        schema.upgrade(db.engine)
        after = schema.installed_revision(db.engine)
    record = {"revision": after, "was": before, "upgraded": before != after}
    output.one(record, as_json=as_json)


@command.command("check")
@with_json
def check(*, as_json: bool) -> None:
    """Compare the database with the schema of this version; changes nothing."""
    settings = settings_loader.load()
    logging.configure(settings, quiet=True)
    context.check_folder(settings)
    with installation.inside(installation.application(settings, with_keys=False)):
        import app.models  # noqa: F401

        found = schema.check(db.engine)
        record = {
            "engine": db.engine.dialect.name,
            "revision": schema.installed_revision(db.engine),
            "current": schema.is_current(db.engine),
            "differences": found,
            "damage": _damage(),
        }
    output.one(record, as_json=as_json)
    if found or record["damage"] or not record["current"]:
        raise SchemaDiffersError


@command.command("stats")
@with_json
def stats(*, as_json: bool) -> None:
    """Count the rows of each table."""
    with opened():
        import app.models  # noqa: F401

        rows: dict[str, Any] = {
            table.name: db.session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in db.Model.metadata.sorted_tables
        }
        size = space.size(db.engine)
    if as_json:
        output.one({"rows": rows, "bytes": size}, as_json=True)
        return
    records = [{"table": name, "rows": count} for name, count in rows.items()]
    output.several(records, columns=("table", "rows"), as_json=False)
    output.remark(f"{size} bytes")


@command.command("purge")
@with_json
def purge(*, as_json: bool) -> None:
    """Delete what is over now and give back its room, as the server does in the background."""
    deleted: Counter[str] = Counter()
    with opened():
        from app.tokens import retention

        for kind, count in retention.purge(now=clock.now()):
            db.session.commit()
            deleted[kind] += count
    if as_json:
        output.one({"deleted": dict(deleted)}, as_json=True)
        return
    records = [{"kind": kind, "deleted": count} for kind, count in deleted.items()]
    output.several(records, columns=("kind", "deleted"), as_json=False)


@command.command("compact")
@with_json
def compact(*, as_json: bool) -> None:
    """Make the database as small as it can be. SQLite: stop the server first."""
    with opened():
        # The tables have to be known before they can be named.
        import app.models  # noqa: F401

        before = space.size(db.engine)
        space.compact(db.engine)
        after = space.size(db.engine)
    output.one({"bytes": after, "was": before}, as_json=as_json)


def _damage() -> list[str]:
    if db.engine.dialect.name != "sqlite":
        return []
    found = db.session.execute(text("PRAGMA quick_check")).scalars()
    return [line for line in found if line != "ok"]
