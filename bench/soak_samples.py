"""What is looked at again and again during a soak, and whether it grew."""

import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from processes import Program
from sqlalchemy import Engine, inspect, text

_MEBIBYTE = 1024 * 1024
# It is kept for at least a day, so that no soak can see it shrink.
_KEPT_FOR_LONG = "audit_events"
_BYTES_OF_AN_EVENT = 1024
# A pool opens a connection when it is first needed beside the others: rarely, and only so many. A leak in
# one of a hundred requests is many times more.
_CONNECTIONS, _DESCRIPTORS_OF_A_CONNECTION = 6, 2


@dataclass(frozen=True)
class Sample:
    """One look: bytes, counts, and the median seconds of each flow since the look before.

    ``private`` is the memory that is no file.
    """

    at: float
    memory: int
    private: int
    descriptors: int
    threads: int
    database: int
    rows: dict[str, int]
    seconds: dict[str, float]


class Tally:
    """Times and statuses of all flows, told by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: dict[str, list[float]] = {}
        self.answers: Counter[int] = Counter()
        self.flows: Counter[str] = Counter()
        self.surprises: list[str] = []

    def __call__(self, flow: str, seconds: float, statuses: list[int]) -> None:
        """Add one flow."""
        with self._lock:
            self._times.setdefault(flow, []).append(seconds)
            self.flows[flow] += 1
            self.answers.update(statuses)

    def surprise(self, what: str) -> None:
        """Add something that was not answered as it must be."""
        with self._lock:
            self.surprises.append(what)

    def taken(self) -> dict[str, float]:
        """Return the median of each flow, and begin anew."""
        with self._lock:
            times, self._times = self._times, {}
        return {flow: median(each) for flow, each in times.items()}


@dataclass(frozen=True)
class Watched:
    """A server and its database."""

    program: Program
    engine: Engine
    tables: list[str] = field(default_factory=list)

    def sample(self, at: float, tally: Tally) -> Sample:
        """Look once."""
        family = self.program.family()
        with self.engine.connect() as connection:
            if not self.tables:
                self.tables.extend(inspect(connection).get_table_names())
            rows = {
                name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608
                for name in self.tables
            }
        return Sample(
            at,
            self.program.memory(),
            sum(map(_private, family)),
            sum(_entries(pid, "fd") for pid in family),
            sum(_entries(pid, "task") for pid in family),
            self._size(),
            rows,
            tally.taken(),
        )

    def _size(self) -> int:
        if self.engine.dialect.name == "sqlite":
            # The write-ahead log is as long as it ever had to be, and says nothing of what is kept.
            return Path(self.engine.url.database or "").stat().st_size
        with self.engine.connect() as connection:
            size: int = connection.execute(
                text("SELECT pg_database_size(current_database())")
            ).scalar_one()
            return size


def _entries(pid: int, what: str) -> int:
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{pid}/{what}").iterdir()))
    return 0


def _private(pid: int) -> int:
    """Return the proportional size of what is no file: pages of libraries count less while others use them too."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss_Anon:"):
                return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True)
class Trend:
    """One thing in the second quarter and in the last, and how much of it would be growth."""

    name: str
    early: float
    late: float
    most: float
    unit: str = ""

    @property
    def grew(self) -> bool:
        """Whether there is more than there may be."""
        return self.late > self.most


def trends(samples: list[Sample]) -> list[Trend]:
    """Return how everything went. The first quarter is left out: caches fill, and nothing is over yet."""
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]

    def middle(part: list[Sample], name: str) -> float:
        return float(median(getattr(each, name) for each in part))

    # How much more there may be: a part, and a few for what is opened when it is first needed by many at once.
    allowed = (
        # Not all of its memory: that of a library is shared with whoever else happens to run.
        ("private", "MiB", 1.05, 4 * _MEBIBYTE),
        ("descriptors", "", 1, _CONNECTIONS * _DESCRIPTORS_OF_A_CONNECTION),
        ("threads", "", 1, 2),
    )
    found = []
    for name, unit, factor, more in allowed:
        before, after = middle(early, name), middle(late, name)
        found.append(Trend(name, before, after, before * factor + more, unit))
    events = [_middle_of_rows(part, _KEPT_FOR_LONG) for part in (early, late)]
    before, after = middle(early, "database"), middle(late, "database")
    written = (events[1] - events[0]) * _BYTES_OF_AN_EVENT
    found.append(Trend("database", before, after, before * 1.05 + written + _MEBIBYTE, "MiB"))
    for table in sorted(late[-1].rows):
        if table != _KEPT_FOR_LONG:
            rows = [_middle_of_rows(part, table) for part in (early, late)]
            found.append(Trend(f"rows of {table}", rows[0], rows[1], rows[0] * 1.15 + 20))
    return found + _latencies(early, late)


def _middle_of_rows(part: list[Sample], table: str) -> float:
    return float(median(each.rows[table] for each in part))


def _latencies(early: list[Sample], late: list[Sample]) -> list[Trend]:
    found = []
    for flow in late[-1].seconds:
        both = [
            median([each.seconds[flow] for each in part if flow in each.seconds] or [0.0])
            for part in (early, late)
        ]
        found.append(Trend(flow, both[0], both[1], both[0] * 1.5 + 0.005, "ms"))
    return found
