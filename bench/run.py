"""The bench: start a provider, measure it, say how it compares with what the machine can do.

    .venv/bin/python bench/run.py [--peer oidc-provider] [--seconds N] [--only row,...] [--json FILE]

Every figure is a ratio to a rate of the same machine in the same run; docs/performance.md tells how to read them.
Linux, with ``wrk`` and ``openssl``.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import machine
import peer
import report
import rows
import signet_server
from load import LoadError
from processes import ProgramError
from report import Measured, Result, Run
from rows import ROWS, Plan, Row
from subject import Subject

# What a server gives back of its memory when nobody asks for anything, it has given back by then.
_REST_SECONDS = 3


def main() -> int:
    """Run the bench; the exit code is 0 if everything was answered as it must be."""
    asked = _arguments()
    needed = [program for program in ("wrk", "openssl") if shutil.which(program) is None]
    if needed:
        print(f"not installed: {' '.join(needed)} (Debian: apt install {' '.join(needed)})")
        return 2
    chosen = [row for row in ROWS if asked.only is None or row.name in asked.only]
    starts: list[Callable[[Path], Subject]] = []
    if not asked.peer_alone:
        starts.append(_signet(asked))
    if asked.peer or asked.peer_alone:
        starts.append(peer.start)
    with tempfile.TemporaryDirectory(prefix="signet-bench-", dir=asked.folder) as folder:
        try:
            run = _run(asked, starts, chosen, Path(folder))
        except (LoadError, ProgramError) as error:
            print(error, file=sys.stderr)
            return 1
    print(report.table(run))
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(run), indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Signet, and a peer beside it.")
    parser.add_argument("--peer", choices=peer.NAMES, help="measure this one as well")
    parser.add_argument("--peer-alone", action="store_true", help="measure the peer only")
    parser.add_argument("--seconds", type=int, default=4, help="of each row (default 4)")
    parser.add_argument(
        "--only", type=lambda text: _names(parser, text), help="rows, separated by commas"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--workers", type=int, default=2, help="processes of Signet (default 2)")
    parser.add_argument("--threads", type=int, help="of each process (default: as shipped)")
    parser.add_argument(
        "--connections", type=int, default=8, help="requests under way at a time (default 8)"
    )
    parser.add_argument(
        "--database-url", help="an empty PostgreSQL database for Signet; SQLite if not given"
    )
    parser.add_argument("--folder", type=Path, help="where state is kept while it runs")
    return parser.parse_args()


def _names(parser: argparse.ArgumentParser, text: str) -> list[str]:
    known = [row.name for row in ROWS]
    names = [name.strip() for name in text.split(",")]
    if unknown := set(names) - set(known):
        parser.error(f"no such row: {min(unknown)}; there are: {', '.join(known)}")
    return names


def _signet(asked: argparse.Namespace) -> Callable[[Path], Subject]:
    return lambda folder: signet_server.start(
        folder, workers=asked.workers, threads=asked.threads, database_url=asked.database_url
    )


def _run(
    asked: argparse.Namespace,
    starts: list[Callable[[Path], Subject]],
    chosen: list[Row],
    folder: Path,
) -> Run:
    # As many as all workers of Signet together hash at once.
    hashing = max(asked.workers, os.cpu_count() or 1)
    before = machine.rates(folder, hashing_threads=hashing)
    results = []
    for number, start in enumerate(starts):
        own = folder / str(number)
        own.mkdir()
        plan = Plan(asked.seconds, asked.connections, before.rsa_signatures, own)
        results.append(_measure(start, chosen, plan))
    return Run(before, machine.rates(folder, hashing_threads=hashing), results)


def _measure(start: Callable[[Path], Subject], chosen: list[Row], plan: Plan) -> Result:
    with ExitStack() as stack:
        subject = start(plan.folder)
        program = subject.program
        stack.callback(program.stop)
        at_start = program.memory()
        session = rows.prepare(subject, plan)
        measured = []
        for row in chosen:
            if row.name == rows.SIGN_IN and not subject.people:
                continue
            _say(f"{subject.name}: {row.name}")
            if row.name == rows.CODE_EXCHANGE:
                rows.collect_codes(session)
            with program.watched() as memory:
                load = row.measure(session)
            measured.append(Measured(row, load, memory.most))
        time.sleep(_REST_SECONDS)
        return Result(
            subject.name,
            (*subject.remarks, f"{plan.connections} connections"),
            program.start_seconds,
            subject.first_start_seconds,
            at_start,
            program.memory(),
            measured,
        )


def _say(text: str) -> None:
    if os.isatty(sys.stderr.fileno()):
        print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
