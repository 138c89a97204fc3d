"""How the cost grows with the database: the rows of the bench on an empty one and on a full one, in turn.

    .venv/bin/python bench/scale.py [--users N] [--clients N] [--grants N] [--seconds N] [--rounds N] [--only row,...]
                                    [--postgresql URL] [--workers N] [--connections N] [--json FILE] [--folder DIR]

Both servers run throughout. Each row is measured on both before the next, the order changing from round to round;
of the rounds the median counts. Then everything expires, and ``signet db purge`` deletes it while others refresh.
The full sizes need 20 GB of disk on SQLite for a while, and about an hour.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import machine
import scale_purge
import scale_report
import scale_rows
import scale_sides
from load import Load, LoadError
from processes import ProgramError
from rows import ROWS, Plan, Row
from scale_database import on_server
from scale_report import Compared, Grown
from scale_rows import Origin, Sizes
from scale_sides import Made, Side
from signet_server import SCOPE


def main() -> int:
    """Run it; the exit code is 0 if everything was answered as it must be."""
    asked = _arguments()
    if shutil.which("wrk") is None or shutil.which("openssl") is None:
        print("not installed: wrk or openssl (Debian: apt install wrk openssl)")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="signet-scale-", dir=asked.folder) as folder,
        ExitStack() as stack,
    ):
        try:
            grown = _run(asked, Path(folder), stack)
        except (LoadError, ProgramError) as error:
            print(error, file=sys.stderr)
            return 1
    print(scale_report.table(grown))
    if asked.json:
        text = json.dumps(scale_report.as_json(grown), indent=2)
        asked.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Signet on an empty and a full database.")
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--grants", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="of each row (default 3)")
    parser.add_argument("--only", type=lambda text: text.split(","), help="rows, by name")
    parser.add_argument("--workers", type=int, default=2, help="processes of a server (default 2)")
    parser.add_argument(
        "--connections", type=int, default=8, help="requests under way at a time (default 8)"
    )
    parser.add_argument(
        "--postgresql", metavar="URL", help="a server where databases may be made; else SQLite"
    )
    parser.add_argument("--no-purge", action="store_true", help="measure the rows only")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--folder", type=Path, help="where state is kept while it runs")
    asked = parser.parse_args()
    if unknown := set(asked.only or ()) - {row.name for row in ROWS}:
        parser.error(f"no such row: {min(unknown)}")
    return asked


def _run(asked: argparse.Namespace, folder: Path, stack: ExitStack) -> Grown:
    sizes = Sizes(asked.users, asked.clients, asked.grants)
    empty, full = (
        scale_sides.make(folder / name, database_url=_database(asked.postgresql, stack))
        for name in ("empty", "full")
    )
    filled, full_bytes = _fill(full, sizes)
    # As many as all workers of Signet together hash at once.
    hashing = max(asked.workers, os.cpu_count() or 1)
    before = machine.rates(folder, hashing_threads=hashing)
    sides = []
    for made, own in ((empty, None), (full, sizes)):
        place = made.installation.folder
        plan = Plan(asked.seconds, asked.connections, before.rsa_signatures, place)
        sides.append(scale_sides.start(made, plan, stack, sizes=own, workers=asked.workers))
    chosen = [row for row in ROWS if asked.only is None or row.name in asked.only]
    compared = [_compare(row, sides[0], sides[1], asked.rounds) for row in chosen]
    purged = None if asked.no_purge else scale_purge.run(sides[1], say=_say)
    after = machine.rates(folder, hashing_threads=hashing)
    return Grown(
        "PostgreSQL" if asked.postgresql else "SQLite",
        sizes, filled, full_bytes, before, after, compared, purged,
    )  # fmt: skip


def _database(server: str | None, stack: ExitStack) -> str | None:
    return None if server is None else stack.enter_context(on_server(server))


def _fill(made: Made, sizes: Sizes) -> tuple[dict[str, float], int]:
    database = made.database()
    audience = f"http://127.0.0.1:{made.installation.port}/userinfo"
    origin = Origin(made.known.people[0].name, made.known.app.name, SCOPE, audience)
    took = scale_rows.fill(database, sizes, origin, say=_say)
    database.settle()
    size = database.size()
    database.close()
    # What the system has still to write of all this must not be measured as somebody's commit.
    os.sync()
    return took, size


def _compare(row: Row, empty: Side, full: Side, rounds: int) -> Compared:
    found: dict[str, list[Load]] = {"empty": [], "full": []}
    for number in range(rounds):
        pair = (("empty", empty), ("full", full))
        for name, side in pair if number % 2 == 0 else reversed(pair):
            _say(f"{row.name} {number + 1}, {name}")
            found[name].append(side.measure(row))
    return Compared(row.name, found["empty"], found["full"])


def _say(text: str) -> None:
    if os.isatty(sys.stderr.fileno()):
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
