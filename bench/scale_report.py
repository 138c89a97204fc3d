"""What the growth of the database costs, as a table for people and as JSON for programs."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from load import Load
from machine import Rates
from scale_purge import Purged
from scale_rows import Sizes

_MEBIBYTE = 1024 * 1024
# What p99 on the full database may be of p99 on the empty one.
BOUND = 1.5


@dataclass(frozen=True)
class Compared:
    """One row in all rounds, on both."""

    name: str
    empty: Sequence[Load]
    full: Sequence[Load]

    def medians(self, figure: Callable[[Load], float]) -> tuple[float, float]:
        """Return the median of a figure on the empty and on the full database."""
        return median(map(figure, self.empty)), median(map(figure, self.full))


@dataclass(frozen=True)
class Grown:
    """One run. ``filled`` are seconds a table, ``full_bytes`` what the full database takes on disk."""

    engine: str
    sizes: Sizes
    filled: dict[str, float]
    full_bytes: int
    before: Rates
    after: Rates
    rows: Sequence[Compared]
    purged: Purged | None


_FIGURES: dict[str, Callable[[Load], float]] = {
    "rate": lambda load: load.rate,
    "p50": lambda load: load.p50,
    "p99": lambda load: load.p99,
    "cpu_per_answer": lambda load: load.cpu_per_answer,
}


def table(grown: Grown) -> str:
    """Return the run as text."""
    sizes = grown.sizes
    lines = [
        (f"{grown.engine}: {sizes.users} users, {sizes.clients} clients, {sizes.grants} grants, "
        f"{grown.full_bytes / _MEBIBYTE:.0f} MiB; filled in {sum(grown.filled.values()):.0f} s"),
        (f"load before {grown.before.load:.2f}, RSA-2048 {grown.before.rsa_signatures:.0f} and "
        f"{grown.after.rsa_signatures:.0f} signatures/s on one core"),
        "",
        (f"{'':<20}{'a second':>16}{'p50 ms':>18}{'p99 ms':>18}{'p99 ratio':>11}{'CPU us':>14}"
        f"{'CPU ratio':>11}"),
        f"{'':<20}{'empty':>8}{'full':>8}" + f"{'empty':>9}{'full':>9}" * 2
        + f"{'':>11}{'empty':>7}{'full':>7}",
    ]  # fmt: skip
    lines += [_line(row) for row in grown.rows]
    lines.append(f"medians of the rounds; the p99 ratio may be {BOUND:g}")
    if grown.purged:
        lines += ["", *_purge(grown.purged)]
    return "\n".join(lines)


def _line(row: Compared) -> str:
    rate, p50, p99, cpu = (row.medians(figure) for figure in _FIGURES.values())
    return (
        f"{row.name:<20}{rate[0]:>8.0f}{rate[1]:>8.0f}{p50[0] * 1e3:>9.2f}{p50[1] * 1e3:>9.2f}"
        f"{p99[0] * 1e3:>9.2f}{p99[1] * 1e3:>9.2f}{p99[1] / p99[0]:>11.2f}"
        f"{cpu[0] * 1e6:>7.0f}{cpu[1] * 1e6:>7.0f}{_ratio(cpu):>11.2f}"
    )


def _ratio(pair: tuple[float, float]) -> float:
    return pair[1] / pair[0] if pair[0] else 0.0


def _purge(purged: Purged) -> list[str]:
    holds = "not watched"
    if purged.longest_hold is not None and purged.hold_p99 is not None:
        holds = f"{purged.longest_hold * 1e3:.0f} ms, p99 {purged.hold_p99 * 1e3:.0f} ms"
    return [
        (
            f"{purged.expired} rows expired; purged in {purged.seconds / 60:.1f} minutes, "
            f"{purged.rate:.0f} rows/s"
        ),
        f"longest time that nobody else could write: {holds}",
        (
            f"on disk {purged.bytes_before / _MEBIBYTE:.0f} MiB before, "
            f"{purged.bytes_after / _MEBIBYTE:.0f} MiB after the purge, "
            f"{purged.bytes_compacted / _MEBIBYTE:.0f} MiB compacted in {purged.compact_seconds:.0f} s"
        ),
        (
            f"refresh beside the purge: {purged.beside.rate:.0f}/s, p50 {purged.beside.p50 * 1e3:.1f} ms, "
            f"p99 {purged.beside.p99 * 1e3:.0f} ms; alone {purged.alone.rate:.0f}/s, "
            f"p50 {purged.alone.p50 * 1e3:.1f} ms, p99 {purged.alone.p99 * 1e3:.0f} ms"
        ),
    ]


def as_json(grown: Grown) -> dict[str, Any]:
    """Return the run as values that JSON knows; times in seconds, sizes in bytes."""
    return {
        "engine": grown.engine,
        "sizes": {**asdict(grown.sizes), **grown.sizes.others},
        "filled_seconds": grown.filled,
        "full_bytes": grown.full_bytes,
        "before": asdict(grown.before),
        "after": asdict(grown.after),
        "rows": {row.name: _values(row) for row in grown.rows},
        "purge": None
        if grown.purged is None
        else {**asdict(grown.purged), "rate": grown.purged.rate},
    }


def _values(row: Compared) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, figure in _FIGURES.items():
        empty, full = row.medians(figure)
        found[name] = {"empty": empty, "full": full, "ratio": _ratio((empty, full))}
    rounds = {"empty": row.empty, "full": row.full}
    return {**found, "rounds": {name: [asdict(each) for each in rounds[name]] for name in rounds}}
