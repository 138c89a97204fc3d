"""Signet as it is shipped: ``signet serve`` in a folder of its own, with people, clients and an API made by its own
commands."""

import compileall
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from processes import Command, Program, ProgramError, free_port
from subject import (
    API,
    API_SCOPE,
    DISCOVERY,
    REDIRECT_URI,
    Credentials,
    Endpoints,
    Subject,
)

SIGNET = Path(sys.executable).with_name("signet")
ENDPOINTS = Endpoints("/.well-known/jwks.json", "/authorize", "/token", "/introspect", "/userinfo")
_PACKAGE = Path(__file__).parents[1] / "app"
_WITHOUT_BYTECODE = "PYTHONDONTWRITEBYTECODE"
SCOPE = "openid profile email offline_access"
_PEOPLE = ("ada", "grace", "mary", "rosa")
# The only settings that differ from the shipped ones: codes are collected before they are measured,
# and everybody who signs in comes from one address.
_SETTINGS = {
    "SIGNET_AUTHORIZATION_CODE_LIFETIME": "10m",
    "SIGNET_SIGN_IN_ADDRESS_FREE_ATTEMPTS": "10000",
}


@dataclass(frozen=True)
class Known:
    """Who was made."""

    app: Credentials
    machine: Credentials
    people: tuple[Credentials, ...]


class Installation:
    """A folder with keys and database, and the commands that work on it."""

    def __init__(self, folder: Path, *, database_url: str | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        own = {**_SETTINGS, "SIGNET_ISSUER": f"http://127.0.0.1:{self.port}"}
        if database_url:
            own["SIGNET_DATABASE_URL"] = database_url
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("SIGNET_") and name != _WITHOUT_BYTECODE
        }
        self.environment: Mapping[str, str] = {**inherited, **own}

    def serve(self, *, workers: int, threads: int | None = None) -> Program:
        """Start the server; without ``threads`` each worker has as many as it has by itself."""
        words = [str(SIGNET), "serve", "--port", str(self.port), "--workers", str(workers)]
        if threads is not None:
            words += ["--threads", str(threads)]
        command = Command(words, self.folder, self.environment, self.port)
        return Program(command, ask=DISCOVERY)

    def run(self, *words: str, typed: str = "") -> dict[str, Any]:
        """Run a command and return its answer."""
        done = subprocess.run(
            [SIGNET, *words, "--json"],
            cwd=self.folder,
            env=self.environment,
            input=typed,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise ProgramError(f"signet {' '.join(words[:2])}: {done.stderr}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def seed(self) -> Known:
        """Make everybody that the rows need."""
        people = tuple(Credentials(name, token_urlsafe(18)) for name in _PEOPLE)
        for person in people:
            self.run(
                "users", "create", person.name, "--email", f"{person.name}@bench.example",
                "--name", person.name.title(), "--password-stdin", typed=person.secret + "\n",
            )  # fmt: skip
        self.run("apis", "create", API, "--name", "Bench", "--scope", API_SCOPE)
        app = self.run(
            "clients", "create", "--name", "App", "--redirect-uri", REDIRECT_URI, "--skip-consent",
            "--grant-type", "authorization_code", "--grant-type", "refresh_token",
            "--scope", SCOPE,
        )  # fmt: skip
        machine = self.run(
            "clients", "create", "--name", "Machine", "--grant-type", "client_credentials",
            "--scope", API_SCOPE, "--resource", API,
        )  # fmt: skip
        return Known(_credentials(app), _credentials(machine), people)


def _credentials(client: dict[str, Any]) -> Credentials:
    return Credentials(client["client_id"], client["client_secret"])


def start(folder: Path, *, workers: int, threads: int | None, database_url: str | None) -> Subject:
    """Start on an empty folder, seed, and start once more: the second start is the usual one.

    Modules are compiled beforehand, as they are by whatever installs the package.
    """
    compileall.compile_dir(_PACKAGE, quiet=2)
    installation = Installation(folder, database_url=database_url)
    first = installation.serve(workers=workers, threads=threads)
    first.stop()
    known = installation.seed()
    program = installation.serve(workers=workers, threads=threads)
    engine = "PostgreSQL" if database_url else "SQLite, synchronous=FULL"
    return Subject(
        name="Signet",
        port=installation.port,
        program=program,
        endpoints=ENDPOINTS,
        app=known.app,
        machine=known.machine,
        scope=SCOPE,
        people=known.people,
        first_start_seconds=first.start_seconds,
        remarks=(f"{workers} workers, {engine}",),
    )
