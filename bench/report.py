"""What was measured, as a table for people and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from load import Load
from machine import Rates
from rows import Row

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Measured:
    """A row of one provider; ``memory`` is the most that the server held meanwhile, in bytes."""

    row: Row
    load: Load
    memory: int


@dataclass(frozen=True)
class Result:
    """All of one provider; ``memory_at_end`` is what it holds once nobody has asked for anything for a while."""

    name: str
    remarks: tuple[str, ...]
    start_seconds: float
    first_start_seconds: float | None
    memory_at_start: int
    memory_at_end: int
    rows: Sequence[Measured]


@dataclass(frozen=True)
class Run:
    """One run: the machine before and after, and everybody who was measured between."""

    before: Rates
    after: Rates
    results: Sequence[Result]

    def unit(self, row: Row) -> float:
        """Return the rate against which ``row`` is held."""
        if row.against == "argon2":
            return (self.before.argon2_hashes + self.after.argon2_hashes) / 2
        return (self.before.rsa_signatures + self.after.rsa_signatures) / 2


def table(run: Run) -> str:
    """Return the run as text."""
    lines = [_rates("before", run.before), _rates("after", run.after)]
    for result in run.results:
        lines += ["", f"{result.name} ({'; '.join(result.remarks)})"]
        lines.append(
            f"{'':<20}{'a second':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'busiest':>9}"
            f"{'ratio':>8}"
            f"{'least':>8}{'aim':>7}{'PSS MiB':>9}"
        )
        lines += [_line(run, each) for each in result.rows]
        first = result.first_start_seconds
        lines.append(
            f"start to first answer {result.start_seconds:.2f} s"
            + (f", on an empty folder {first:.2f} s" if first is not None else "")
            + f"; memory (PSS) {result.memory_at_start / _MEBIBYTE:.0f} MiB,"
            f" a few seconds after the rows {result.memory_at_end / _MEBIBYTE:.0f} MiB"
        )
    lines.append("")
    lines.append("busiest: the part of the server's processor time that one process used")
    lines.append("ratio: to the RSA-2048 signatures of one core; for sign-in to the Argon2 rate")
    return "\n".join(lines)


def _rates(when: str, rates: Rates) -> str:
    return (
        f"{when:<7} RSA-2048 {rates.rsa_signatures:.0f} signatures/s on one core, "
        f"Argon2 {rates.argon2_hashes:.0f}/s, fdatasync {rates.fsyncs:.0f}/s, "
        f"load {rates.load:.2f}"
    )


def _line(run: Run, measured: Measured) -> str:
    row, load = measured.row, measured.load
    bounds = "".join(
        f"{'' if bound is None else f'{bound:g}':>{width}}"
        for bound, width in ((row.least, 8), (row.aim, 7))
    )
    return (
        f"{row.name:<20}{load.rate:>10.0f}{load.p50 * 1000:>9.2f}{load.p99 * 1000:>9.2f}"
        f"{load.cpu_per_answer * 1e6:>9.0f}"
        f"{load.busiest_share:>9.0%}{load.rate / run.unit(row):>8.2f}{bounds}"
        f"{measured.memory / _MEBIBYTE:>9.0f}"
    )


def as_json(run: Run) -> dict[str, Any]:
    """Return the run as values that JSON knows; times in seconds, memory in bytes."""
    return {
        "before": asdict(run.before),
        "after": asdict(run.after),
        "providers": [
            {
                "name": result.name,
                "remarks": result.remarks,
                "start_seconds": result.start_seconds,
                "first_start_seconds": result.first_start_seconds,
                "memory_at_start": result.memory_at_start,
                "memory_at_end": result.memory_at_end,
                "rows": {each.row.name: _values(run, each) for each in result.rows},
            }
            for result in run.results
        ],
    }


def _values(run: Run, measured: Measured) -> dict[str, Any]:
    row = measured.row
    return {
        **asdict(measured.load),
        "rate": measured.load.rate,
        "cpu_per_answer": measured.load.cpu_per_answer,
        "memory": measured.memory,
        "ratio": measured.load.rate / run.unit(row),
        "against": row.against,
        "least": row.least,
        "aim": row.aim,
    }
