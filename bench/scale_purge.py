"""What happens when everything is over: how long the purge takes, whom it keeps waiting, and what the file becomes."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from load import Load
from processes import ProgramError
from rows import ROWS
from scale_database import Database
from scale_sides import Side
from signet_server import SIGNET

_LONG_AGO = "-500 * 86400"
# The rows that the bench made by signing in stay alive: they are refreshed beside the purge.
_GENERATED = {
    "grants": ("expires_at", "nonce LIKE 'nonce-%'"),
    "user_sessions": ("expires_at", "agent LIKE 'Mozilla%'"),
    "denied_tokens": ("expires_at", "true"),
    "throttle_counters": ("expires_at", "true"),
    "audit_events": ("at", "kind IN ('sign_in', 'grant.created') AND address LIKE '192.0.2.%'"),
}


@dataclass(frozen=True)
class Purged:
    """One purge of everything; sizes in bytes. A hold is a stretch in which nobody else could write."""

    expired: int
    deleted: dict[str, int]
    seconds: float
    longest_hold: float | None
    hold_p99: float | None
    bytes_before: int
    bytes_after: int
    bytes_compacted: int
    compact_seconds: float
    alone: Load
    beside: Load

    @property
    def rate(self) -> float:
        """Rows a second."""
        rows = sum(count for kind, count in self.deleted.items() if kind != "pages")
        return rows / self.seconds


def run(side: Side, *, say: Callable[[str], None]) -> Purged:
    """Let everything that was generated expire, purge it while others refresh, and compact what is left."""
    database = side.made.database()
    expired = _expire(database, say)
    database.settle()
    before = database.size()
    refresh = next(row for row in ROWS if row.name == "refresh")
    side.renew()
    alone = side.measure(refresh, fresh=False)
    side.renew()
    say("purge")
    began = time.monotonic()
    purging = _start(side, "purge")
    beside = side.measure(refresh, fresh=False)
    with database.holds() as holds:
        deleted = _answer(purging)
    seconds = time.monotonic() - began
    after = database.size()
    database.close()
    say("compact")
    began = time.monotonic()
    compacted = side.made.installation.run("db", "compact")
    holds.sort()
    return Purged(
        expired=expired,
        deleted=deleted,
        seconds=seconds,
        longest_hold=holds[-1] if holds else None,
        hold_p99=holds[int(len(holds) * 0.99)] if holds else None,
        bytes_before=before,
        bytes_after=after,
        bytes_compacted=compacted["bytes"],
        compact_seconds=time.monotonic() - began,
        alone=alone,
        beside=beside,
    )


def _expire(database: Database, say: Callable[[str], None]) -> int:
    expired = 0
    for table, (column, condition) in _GENERATED.items():
        change = f"SET {column} = {database.at(_LONG_AGO)} WHERE {condition}"
        expired += database.run(f"UPDATE {table} {change}")
        say(f"expired: {table}")
    return expired


@dataclass(frozen=True)
class _Running:
    process: subprocess.Popen[str]
    errors: Path


def _start(side: Side, command: str) -> _Running:
    installation = side.made.installation
    errors = installation.folder / "purge.log"
    with errors.open("w") as log:
        process = subprocess.Popen(
            [SIGNET, "db", command, "--json"],
            cwd=installation.folder,
            env=installation.environment,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
        )
    return _Running(process, errors)


def _answer(running: _Running) -> dict[str, int]:
    said, _ = running.process.communicate()
    if running.process.returncode:
        raise ProgramError(f"signet db purge: {running.errors.read_text()[-2000:]}")
    deleted: dict[str, int] = json.loads(said)["deleted"]
    return deleted
