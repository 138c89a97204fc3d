"""What one answer costs inside the application: time, SQL statements, commits, signatures. No server, no network.

    .venv/bin/python bench/cost.py [--count N] [--only row,...] [--profile] [--database-url URL]

The application is called as a WSGI server calls it, by one thread, with the requests of the bench. ``least`` is the
CPU time of the best batch: what an answer costs while nothing else is at the processor's caches. The last line is
what a signature costs in the same run. ``--profile`` prints where the time goes.

A sign-in is two rows: a new browser's way to the page, and the form with the password, answered with the code. Argon2
is left out of the second; the thread that it would run on is not.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sign_in
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sign_in import Browser
from signet_server import ENDPOINTS, SCOPE, Installation
from sqlalchemy import Engine, event
from subject import DISCOVERY, Subject
from wire import FORM, Answer, Header

from app.core import reading, writing
from app.identity import argon2id

_JWT = re.compile(rb'"eyJ[^"]*\.[^"]*\.[^"]*"')
_WARM_UP = 20
_BATCH = 25
_SHOWN = 45


class Application:
    """The application, spoken to in the way of ``wire.Connection``."""

    def __init__(self, call: Callable[..., Iterable[bytes]]) -> None:
        self._call = call

    def request(
        self, method: str, path: str, headers: Iterable[Header] = (), body: str | None = None
    ) -> Answer:
        """Call the application and return its answer."""
        path, _, query = path.partition("?")
        sent = (body or "").encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(sent), "wsgi.errors": sys.stderr,
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip
        if body is not None:
            environ |= {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(sent))}
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers}
        said: list[tuple[int, list[Header]]] = []

        def start(status: str, answered: list[Header], _: Any = None) -> None:
            said.append((int(status[:3]), [(name.lower(), value) for name, value in answered]))

        pieces = self._call(environ, start)
        whole = b"".join(pieces)
        if hasattr(pieces, "close"):
            pieces.close()
        return Answer(*said[0], whole)


@dataclass(frozen=True)
class Stage:
    """Everything that the rows need."""

    application: Application
    subject: Subject
    browser: Browser
    tokens: dict[str, Any]
    sign_in: dict[str, Callable[[], Answer]]


def _rows(stage: Stage) -> dict[str, Callable[[], Answer]]:
    app, subject = stage.application, stage.subject
    of_app, of_machine = ([("Authorization", who.basic)] for who in (subject.app, subject.machine))
    bearer = [("Authorization", f"Bearer {stage.tokens['access_token']}")]
    introspected = urlencode({"token": stage.tokens["access_token"]})
    path = sign_in.authorization_path(subject)
    cookies = [("Cookie", stage.browser.cookies)]
    exchange = sign_in.exchange_parameters(subject)
    current = [stage.tokens["refresh_token"]]
    codes: list[str] = []

    def authorization() -> Answer:
        answer = app.request("GET", path, cookies)
        found = re.search(r"[?&]code=([^&]+)", answer.header("location") or "")
        codes.append(found[1] if found else "")
        return answer

    def exchange_one() -> Answer:
        form = f"{exchange}&{urlencode({'code': codes.pop()})}"
        return app.request("POST", ENDPOINTS.token, of_app, form)

    def refresh() -> Answer:
        form = urlencode({"grant_type": "refresh_token", "refresh_token": current[0]})
        answer = app.request("POST", ENDPOINTS.token, of_app, form)
        current[0] = json.loads(answer.body)["refresh_token"]
        return answer

    def post(endpoint: str, headers: list[Header], form: str) -> Callable[[], Answer]:
        return lambda: app.request("POST", endpoint, headers, form)

    return {
        "JWKS": lambda: app.request("GET", ENDPOINTS.jwks),
        "discovery": lambda: app.request("GET", DISCOVERY),
        "client_credentials": post(ENDPOINTS.token, of_machine, "grant_type=client_credentials"),
        "refresh": refresh,
        "authorization": authorization,
        "code exchange": exchange_one,
        "introspection": post(ENDPOINTS.introspect, of_app, introspected),
        "userinfo": lambda: app.request("GET", ENDPOINTS.userinfo, bearer),
        **stage.sign_in,
    }


def stage(folder: Path, database_url: str | None) -> Stage:
    installation = Installation(folder, database_url=database_url)
    # The first start makes keys and database.
    installation.serve(workers=1).stop()
    known = installation.seed()
    os.environ.update(installation.environment, SIGNET_JOBS="false")
    os.chdir(folder)
    from app.factory import create_app

    application = Application(create_app().wsgi_app)
    nothing_runs: Any = None
    subject = Subject(
        "Signet", installation.port, nothing_runs, ENDPOINTS, known.app, known.machine, SCOPE
    )
    connection: Any = application
    browser = Browser(subject, connection)
    code = browser.sign_in(sign_in.authorization_path(subject), known.people[0])
    tokens = sign_in.redeem(subject, connection, code, sign_in.exchange_parameters(subject))
    steps = sign_in.steps(subject, connection, known.people[0])
    # From here on the hash is known to be right.
    argon2id.matches = lambda *_: True
    return Stage(application, subject, browser, tokens, steps)


class Meter:
    """Counts what the application asks of its database."""

    def __init__(self) -> None:
        self.reads = self.writes = self.commits = 0
        self.statements: dict[str, None] = {}
        self._wrote = False
        # Those that go past the engine.
        for kind in (reading.Query, writing.Change):
            self._watch(kind)
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", self._commit)

    def reset(self) -> None:
        """Begin anew."""
        self.reads = self.writes = self.commits = 0
        self.statements.clear()

    def _watch(self, kind: Any) -> None:
        run = kind.on

        def watched(statement: Any, connection: Any, prepared: Any, values: Any) -> Any:
            self._statement(connection, None, prepared.text)
            if kind is writing.Change:
                self._commit(connection)
            return run(statement, connection, prepared, values)

        kind.on = watched

    def _statement(self, _c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.statements[" ".join(statement.split())] = None
        if statement.lstrip()[:6].upper() == "SELECT":
            self.reads += 1
        else:
            self.writes += 1
            self._wrote = True

    def _commit(self, _: Any) -> None:
        # The end of a transaction that only read costs nothing.
        self.commits += self._wrote
        self._wrote = False


def main() -> None:
    """Print the table."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="signet-cost-", dir=asked.folder) as folder:
        with log_into(Path(folder) / "log"):
            staged = stage(Path(folder), asked.database_url)
        meter = Meter()
        print(
            f"{'':<20}{'least':>8}{'CPU us':>8}{'wall us':>9}{'reads':>7}{'writes':>8}{'commits':>9}"
            f"{'signatures':>12}"
        )
        with log_into(Path(folder) / "log"):
            for name, call in _rows(staged).items():
                if asked.only is None or name in asked.only:
                    _measure(name, call, meter, asked)
        print(f"{'one signature':<20}{_signature_cost():>8.0f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What one answer costs inside the application.")
    parser.add_argument("--count", type=int, default=300, help="answers to each row (default 300)")
    parser.add_argument("--only", type=lambda text: text.split(","), help="rows, by name")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--statements", action="store_true", help="show the SQL")
    parser.add_argument("--database-url", help="an empty PostgreSQL database")
    parser.add_argument("--folder", type=Path, help="where state is kept while it runs")
    return parser.parse_args()


def _measure(
    name: str, call: Callable[[], Answer], meter: Meter, asked: argparse.Namespace
) -> None:
    answer = call()
    for _ in range(_WARM_UP):
        call()
    meter.reset()
    profile = cProfile.Profile() if asked.profile else None
    began, cpu = time.perf_counter(), time.process_time()
    if profile:
        profile.enable()
    least = float("inf")
    for _ in range(asked.count // _BATCH):
        batch = time.process_time()
        for _ in range(_BATCH):
            answer = call()
        least = min(least, (time.process_time() - batch) / _BATCH)
    if profile:
        profile.disable()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    if answer.status >= 400:
        raise SystemExit(f"{name}: {answer.status} {answer.body.decode()}")
    each = asked.count // _BATCH * _BATCH
    print(
        f"{name:<20}{least * 1e6:>8.0f}{cpu / each * 1e6:>8.0f}{wall / each * 1e6:>9.0f}{meter.reads / each:>7.1f}"
        f"{meter.writes / each:>8.1f}{meter.commits / each:>9.1f}"
        f"{len(_JWT.findall(answer.body)):>12}"
    )
    if asked.statements:
        print(*meter.statements, sep="\n")
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(_SHOWN)


def _signature_cost() -> float:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    least = float("inf")
    for _ in range(20):
        began = time.process_time()
        for _ in range(_BATCH):
            key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
        least = min(least, (time.process_time() - began) / _BATCH)
    return least * 1e6


@contextmanager
def log_into(path: Path) -> Iterator[None]:
    """Write the log to a file while it lasts, as a server does."""
    kept = os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


if __name__ == "__main__":
    main()
