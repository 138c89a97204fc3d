"""The load generator: wrk, with the scripts of the folder beside this file, in a closed loop on kept connections."""

import json
import math
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).with_name("wrk")
# wrk itself says nothing for one more moment than it runs.
_GRACE = 60


class LoadError(Exception):
    """The load was not answered as it must be; no figure of it counts."""


@dataclass(frozen=True)
class Load:
    """What came of it: how many answers in how many seconds, and the time that half and nearly all took.

    ``server_cpu`` is the processor time that the server used meanwhile, in seconds; ``busiest_cpu`` that of
    the process which used most: where it is all of it, the others had nothing to do.
    """

    answers: int
    seconds: float
    p50: float
    p99: float
    server_cpu: float = 0.0
    busiest_cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def cpu_per_answer(self) -> float:
        """Processor time of the server for one answer, in seconds."""
        return self.server_cpu / self.answers

    @property
    def busiest_share(self) -> float:
        """What part of the server's work one process did; 0 where the server did next to nothing."""
        return self.busiest_cpu / self.server_cpu if self.server_cpu else 0.0


@dataclass(frozen=True)
class Script:
    """A script and its arguments."""

    name: str
    arguments: Sequence[str]


def available() -> bool:
    """Tell whether wrk is there."""
    return shutil.which("wrk") is not None


def run(script: Script, url: str, *, seconds: float, connections: int) -> Load:
    """Send requests for ``seconds``, ``connections`` at the same time.

    Raises:
        LoadError: an answer was an error, or none came.
    """
    done = subprocess.run(
        [
            "wrk", "--threads", "1", "--connections", str(connections),
            "--duration", f"{math.ceil(seconds)}s", "--timeout", "10s",
            "--script", f"{script.name}.lua", url, "--", *script.arguments,
        ],
        cwd=SCRIPTS,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds + _GRACE,
        check=False,
    )  # fmt: skip
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode or not last.startswith("{"):
        raise LoadError(f"wrk {script.name}: {done.stdout[-500:]} {done.stderr[-500:]}")
    told = json.loads(last)
    if told["refused"] or told["broken"] or not told["answers"]:
        raise LoadError(
            f"{script.name}: of {told['answers']} answers {told['refused']} were refusals, "
            f"{told['broken']} connections broke. {told['example']}"
        )
    return Load(told["answers"], told["seconds"], told["p50"], told["p99"])
