"""The storm: tokens and JWKS beside many who sign in at once, held against the same traffic alone.

    .venv/bin/python bench/storm.py [--crowd 64] [--rounds N] [--json FILE]

The exit code is 1 if traffic beside the storm was refused, somebody of the crowd got no answer, or one was told to come
again without being told when. How much slower the traffic became is printed, not judged: the load generator shares
the processors. Linux, with ``wrk``.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import load
import signet_server
from load import Load, LoadError, Script
from processes import ProgramError
from storm_crowd import Crowd
from subject import Subject
from wire import FORM

_MEBIBYTE = 1024 * 1024
_PACED, _FULL = "with pauses", "without"


@dataclass
class Figures:
    """What was measured; times in seconds, memory in bytes."""

    alone: dict[str, list[Load]] = field(default_factory=dict)
    beside: dict[str, list[Load]] = field(default_factory=dict)
    memory_before: int = 0
    memory_most: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    evaluated_a_second: list[float] = field(default_factory=list)
    longest: float = 0.0
    broken: int = 0
    without_retry_after: int = 0

    def note(self, crowd: Crowd, seconds: float) -> None:
        """Add what a crowd was answered."""
        for status, times in crowd.counts.items():
            self.answers[status] = self.answers.get(status, 0) + times
        self.evaluated_a_second.append(crowd.evaluated / seconds)
        self.longest = max(self.longest, crowd.longest)
        self.broken += crowd.broken
        self.without_retry_after += crowd.without_retry_after

    @property
    def is_good(self) -> bool:
        """Whether everybody was answered as they must be."""
        known = {"303", "400", "429", "503"}
        return not self.broken and not self.without_retry_after and known >= self.answers.keys()


def main() -> int:
    """Run the storm."""
    asked = _arguments()
    if not load.available():
        print("not installed: wrk (Debian: apt install wrk)")
        return 2
    with tempfile.TemporaryDirectory(prefix="signet-storm-", dir=asked.folder) as folder:
        try:
            subject = signet_server.start(
                Path(folder), workers=asked.workers, threads=asked.threads,
                database_url=asked.database_url,
            )  # fmt: skip
            try:
                figures = _measure(subject, asked)
            finally:
                subject.program.stop()
        except (LoadError, ProgramError) as error:
            print(error, file=sys.stderr)
            return 1
    print(_table(figures, asked))
    if asked.json:
        asked.json.write_text(json.dumps(_values(figures), indent=2) + "\n", encoding="utf-8")
    return 0 if figures.is_good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Token traffic beside a storm of sign-ins.")
    parser.add_argument("--crowd", type=int, default=64, help="sign-ins at once (default 64)")
    parser.add_argument(
        "--moment", type=float, default=1,
        help="seconds until one who was refused comes again (default 1)",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=3, help="the medians count (default 3)")
    parser.add_argument("--seconds", type=int, default=4, help="of each measure (default 4)")
    parser.add_argument("--connections", type=int, default=8, help="of the traffic (default 8)")
    parser.add_argument(
        "--pause", type=int, default=20,
        help="milliseconds that each connection rests before a request, where it rests (default 20)",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=2, help="processes of Signet (default 2)")
    parser.add_argument("--threads", type=int, help="of each process (default: as shipped)")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite if not given")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--folder", type=Path, help="where state is kept while it runs")
    return parser.parse_args()


def _measure(subject: Subject, asked: argparse.Namespace) -> Figures:
    figures = Figures()
    # The first requests of a process load and cache; they are nobody's figure.
    _traffic(subject, asked)
    figures.memory_before = subject.program.memory()
    for _ in range(asked.rounds):
        _keep(figures.alone, _traffic(subject, asked))
        crowd = Crowd(subject, size=asked.crowd, moment=asked.moment)
        began = time.monotonic()
        with subject.program.watched() as memory, crowd.storming():
            _keep(figures.beside, _traffic(subject, asked))
        figures.memory_most = max(figures.memory_most, memory.most)
        figures.note(crowd, time.monotonic() - began)
    return figures


def _keep(kept: dict[str, list[Load]], measured: dict[str, Load]) -> None:
    for name, each in measured.items():
        kept.setdefault(name, []).append(each)


def _traffic(subject: Subject, asked: argparse.Namespace) -> dict[str, Load]:
    """Measure tokens and keys, each as often as can be answered and at the pace of ordinary traffic."""
    basic = f"Authorization={subject.machine.basic}"
    token = ["POST", "grant_type=client_credentials", basic, f"Content-Type={FORM}"]
    wanted = {
        "client_credentials": (subject.endpoints.token, token),
        "JWKS": (subject.endpoints.jwks, ["GET", "-"]),
    }
    found = {}
    for name, (path, arguments) in wanted.items():
        for pace, script in (
            (_PACED, Script("paced", [str(asked.pause), *arguments])),
            (_FULL, Script("same", arguments)),
        ):
            found[f"{name}, {pace}"] = load.run(
                script, subject.url + path, seconds=asked.seconds, connections=asked.connections
            )
    return found


def _table(figures: Figures, asked: argparse.Namespace) -> str:
    head = (
        f"{'':<32}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'storm/s':>10}{'p50 ms':>9}"
        f"{'p99 ms':>9}{'p50 x':>8}{'p99 x':>8}"
    )
    what = (
        f"{asked.crowd} sign-ins at once; traffic on {asked.connections} connections, "
        f"pauses of {asked.pause} ms; median of {asked.rounds}"
    )
    lines = [what, head]
    for name, row in _rows(figures).items():
        cells = "".join(
            f"{row[when]['rate']:>10.0f}{row[when]['p50'] * 1000:>9.2f}{row[when]['p99'] * 1000:>9.2f}"
            for when in ("alone", "beside")
        )
        ratios = row["storm_to_alone"]
        lines.append(f"{name:<32}{cells}{ratios['p50']:>8.2f}{ratios['p99']:>8.2f}")
    answers = ", ".join(f"{times} x {status}" for status, times in sorted(figures.answers.items()))
    evaluated = statistics.median(figures.evaluated_a_second)
    crowd = (
        f"the crowd: {answers}; {evaluated:.0f} passwords checked a second; longest wait "
        f"{figures.longest:.2f} s; without an answer {figures.broken}; "
        f"503 without Retry-After {figures.without_retry_after}"
    )
    memory = (
        f"memory (PSS): {figures.memory_before / _MEBIBYTE:.0f} MiB before the first storm, "
        f"at most {figures.memory_most / _MEBIBYTE:.0f} MiB"
    )
    return "\n".join([*lines, crowd, memory])


def _rows(figures: Figures) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for name in figures.alone:
        row: dict[str, Any] = {}
        for when, loads in (("alone", figures.alone[name]), ("beside", figures.beside[name])):
            row[when] = {
                part: statistics.median(getattr(each, part) for each in loads)
                for part in ("rate", "p50", "p99")
            }
        row["storm_to_alone"] = {
            part: row["beside"][part] / row["alone"][part] for part in ("p50", "p99")
        }
        rows[name] = row
    return rows


def _values(figures: Figures) -> dict[str, Any]:
    plain = asdict(figures)
    return {**plain, "rows": _rows(figures), "is_good": figures.is_good}


if __name__ == "__main__":
    sys.exit(main())
