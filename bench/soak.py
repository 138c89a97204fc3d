"""The soak: every flow mixed, at a low rate, for as long as it takes to see what grows.

    .venv/bin/python bench/soak.py [--minutes 10] [--rate N] [--json FILE]

Lifetimes and retention are the shortest that the settings take, so that all that is made is also over and deleted while
it runs. Judged is by trend, the second quarter against the last. The exit code is 1 if anything grew, if an answer was
5xx, or if a flow did not end as it must.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import soak_flows
from processes import ProgramError
from signet_server import ENDPOINTS, SCOPE, Installation
from soak_flows import Cast, SurpriseError
from soak_samples import Sample, Tally, Trend, Watched, trends
from sqlalchemy import create_engine
from storm_crowd import Crowd
from subject import REDIRECT_URI, Credentials, Subject
from wire import NoAnswerError

_SHORT = {
    "SIGNET_ACCESS_TOKEN_LIFETIME": "1m",
    "SIGNET_ID_TOKEN_LIFETIME": "1m",
    "SIGNET_AUTHORIZATION_CODE_LIFETIME": "30s",
    "SIGNET_REFRESH_TOKEN_IDLE_LIFETIME": "1m",
    "SIGNET_REFRESH_TOKEN_LIFETIME": "1m",
    "SIGNET_SESSION_IDLE_TIMEOUT": "1m",
    "SIGNET_SESSION_ABSOLUTE_TIMEOUT": "1m",
    "SIGNET_SIGN_IN_FAILURE_MEMORY": "1m",
    "SIGNET_ENDED_RETENTION": "1m",
    "SIGNET_PURGE_INTERVAL": "5s",
}
_SCALE = {"MiB": 1 / 1024 / 1024, "ms": 1000.0}
_VISITORS = 4
_RUSH, _RUSH_SECONDS = 32, 3
_FEWEST_SAMPLES = 8


def main() -> int:
    """Run the soak."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="signet-soak-", dir=asked.folder) as folder:
        try:
            cast, installation = _cast(Path(folder), asked)
        except ProgramError as error:
            print(error, file=sys.stderr)
            return 1
        url = asked.database_url or f"sqlite:///{installation.folder}/signet.sqlite3"
        watched = Watched(cast.subject.program, create_engine(url))
        tally = Tally()
        try:
            samples = _soak(cast, watched, tally, asked)
        finally:
            cast.subject.program.stop()
            watched.engine.dispose()
    found = trends(samples)
    print(_verdict(found, tally))
    if asked.json:
        asked.json.write_text(_as_json(samples, found, tally), encoding="utf-8")
    return 1 if _failed(found, tally) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Every flow mixed, for minutes: does anything grow?"
    )
    parser.add_argument("--minutes", type=float, default=10, help="default 10")
    parser.add_argument(
        "--rate", type=float, default=2, help="visits a second, about 25 requests each (default 2)"
    )
    parser.add_argument(
        "--every", type=float, default=10, help="seconds between two looks (default 10)"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes of Signet (default 2)")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite if not given")
    parser.add_argument("--json", type=Path, help="write all samples to this file as well")
    parser.add_argument("--folder", type=Path, help="where state is kept while it runs")
    asked = parser.parse_args()
    if asked.minutes * 60 < _FEWEST_SAMPLES * asked.every:
        parser.error(f"a trend needs at least {_FEWEST_SAMPLES} looks")
    return asked


def _cast(folder: Path, asked: argparse.Namespace) -> tuple[Cast, Installation]:
    installation = Installation(folder, database_url=asked.database_url)
    installation.environment = {**installation.environment, **_SHORT}
    # The first start makes keys and database.
    installation.serve(workers=1).stop()
    known = installation.seed()
    made = installation.run(
        "clients", "create", "--name", "Asking App", "--redirect-uri", REDIRECT_URI,
        "--grant-type", "authorization_code", "--grant-type", "refresh_token", "--scope", SCOPE,
    )  # fmt: skip
    program = installation.serve(workers=asked.workers)
    subject = Subject(
        "Signet", installation.port, program, ENDPOINTS, known.app, known.machine, SCOPE,
        people=known.people,
    )  # fmt: skip
    asking = Credentials(made["client_id"], made["client_secret"])
    return Cast(subject, asking, known.people[0]), installation


def _soak(cast: Cast, watched: Watched, tally: Tally, asked: argparse.Namespace) -> list[Sample]:
    over = threading.Event()
    visitors = [
        threading.Thread(
            target=_visit, args=(cast, tally, over), kwargs={"number": each, "rate": asked.rate}
        )
        for each in range(_VISITORS)
    ]
    _rush(cast.subject)
    began = time.monotonic()
    for each in visitors:
        each.start()
    samples = []
    try:
        while (passed := time.monotonic() - began) < asked.minutes * 60:
            time.sleep(asked.every - passed % asked.every)
            samples.append(watched.sample(time.monotonic() - began, tally))
            if sys.stderr.isatty():
                print(_line(samples[-1]), file=sys.stderr)
    finally:
        over.set()
        for each in visitors:
            each.join()
    return samples


def _rush(subject: Subject) -> None:
    """Let many sign in at once: each thread that hashes, and each connection, is there from now on."""
    with Crowd(subject, size=_RUSH, moment=0.1).storming():
        time.sleep(_RUSH_SECONDS)


def _visit(cast: Cast, tally: Tally, over: threading.Event, *, number: int, rate: float) -> None:
    people = cast.subject.people
    own = Cast(cast.subject, cast.asking, people[number % len(people)])
    connection = soak_flows.connect(cast.subject)
    turn = number
    began = time.monotonic()
    while not over.wait(max(0.0, began + turn / rate - time.monotonic())):
        try:
            soak_flows.visit(own, connection, tally, number=turn // _VISITORS)
        except (SurpriseError, LookupError, OSError, NoAnswerError) as error:
            tally.surprise(f"{type(error).__name__}: {error}"[:500])
        turn += _VISITORS
    connection.close()


def _line(sample: Sample) -> str:
    rows = sum(sample.rows.values())
    memory, private, database = (
        f"{each / 1024 / 1024:.1f} MiB" for each in (sample.memory, sample.private, sample.database)
    )
    return (
        f"{sample.at:6.0f} s  {memory} ({private} private)  {sample.descriptors} descriptors  "
        f"{sample.threads} threads  database {database}, {rows} rows"
    )


def _failed(found: Sequence[Trend], tally: Tally) -> bool:
    broken = any(status >= 500 for status in tally.answers)
    return broken or bool(tally.surprises) or any(each.grew for each in found)


def _verdict(found: Sequence[Trend], tally: Tally) -> str:
    lines = [f"{'':<28}{'early':>10}{'late':>10}{'at most':>10}"]
    for each in found:
        scale = _SCALE.get(each.unit, 1)
        shown = "".join(f"{value * scale:>10.1f}" for value in (each.early, each.late, each.most))
        name = f"{each.name} {each.unit}".strip()
        lines.append(f"{name:<28}{shown}{'   GREW' if each.grew else ''}")
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(tally.answers.items()))
    lines += [f"answers: {answers}", f"flows: {sum(tally.flows.values())}"]
    lines += [f"surprise: {each}" for each in tally.surprises[:10]]
    lines.append("FAILED" if _failed(found, tally) else "nothing grew, and no answer was 5xx")
    return "\n".join(lines)


def _as_json(samples: list[Sample], found: list[Trend], tally: Tally) -> str:
    told = {
        "samples": [asdict(each) for each in samples],
        "trends": [{**asdict(each), "grew": each.grew} for each in found],
        "answers": dict(tally.answers),
        "surprises": tally.surprises,
        "failed": _failed(found, tally),
    }
    return json.dumps(told, indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
