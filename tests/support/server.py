"""A real server: the installed ``signet serve`` in a process of its own, and its command line.

State lives in a folder and a database that are the server's alone. Whoever stops it learns more than that
it stopped: the exit was clean, no error was logged, and nothing that had to stay secret is in the log.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.support.databases import Database
from tests.support.warm_cli import WarmCommandLine

SIGNET = Path(sys.executable).with_name("signet")
COMMAND_LINE = WarmCommandLine()
START_WITHIN = 30
STOP_WITHIN = 20
_SET_UP_LINK = re.compile(r"https?://\S+/set-up\?token=\S+")
_SETTINGS = {
    "SIGNET_SIGNING_ALGORITHMS": "RS256 PS256 ES256 EdDSA",
    # All browsers and clients of a run share one address.
    "SIGNET_SIGN_IN_ADDRESS_FREE_ATTEMPTS": "10000",
}


class CommandError(AssertionError):
    """``signet ...`` did not succeed."""


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Server:
    """One installation of Signet: a folder, a database, and the process while it runs."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        *,
        settings: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self.folder = folder
        self.database = database
        self.port = port or free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.secrets: set[str] = set()
        self.kept: dict[Any, Any] = {}
        self._settings = {**_SETTINGS, **(settings or {})}
        self._output = folder / f"serve-{self.port}.out"
        self._log = folder / f"serve-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the server and of every command beside it."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("SIGNET_")
        }
        return {
            **inherited,
            **self._settings,
            **self.database.settings,
            "SIGNET_ISSUER": self.issuer,
        }

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """What the server told the terminal."""
        return self._output.read_text("utf-8")

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    @property
    def set_up_link(self) -> str:
        """The one-time link that creates the first administrator."""
        found = _SET_UP_LINK.search(self.output + self.log)
        assert found, f"no set-up link was printed:\n{self.output}{self.log}"
        return found[0]

    def url(self, path: str) -> str:
        return self.issuer + path

    def launch(self, *, workers: int = 2) -> None:
        """Start the process without waiting for it."""
        command = [SIGNET, "serve", "--port", str(self.port), "--workers", str(workers)]
        with self._output.open("ab") as output, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return once it answers that it is ready."""
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"it ended:\n{self.output}{self.log}"
            try:
                if requests.get(self.url("/readyz"), timeout=5).status_code == 200:
                    return
            except (requests.ConnectionError, requests.Timeout):
                pass
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"not ready within {START_WITHIN} s:\n{self.output}{self.log}")

    def start(self, *, workers: int = 2) -> "Server":
        self.launch(workers=workers)
        self.wait_until_ready()
        return self

    def terminate(self) -> None:
        """Send SIGTERM and return at once."""
        os.kill(self.pid, signal.SIGTERM)

    def wait_until_stopped(self) -> int:
        """Return the exit code, after the process and all its workers are gone."""
        assert self._process is not None
        try:
            return self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not stop within {STOP_WITHIN} s:\n{self.log}") from None
        finally:
            self.kill()

    def stop(self) -> None:
        """Stop as an operator would, and look at what is left behind."""
        self.terminate()
        code = self.wait_until_stopped()
        assert code == 0, f"exit code {code}:\n{self.log[-4000:]}"
        assert not self.errors(), "errors were logged:\n" + "\n".join(self.errors())
        leaked = [secret for secret in self.secrets if secret in self.log + self.output]
        assert not leaked, f"{len(leaked)} secrets are in the log"

    def kill_if_running(self) -> None:
        """End what a test has left running."""
        if self._process is not None:
            self.kill()

    def kill(self) -> None:
        """End the process and its workers, whatever they are doing."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def errors(self) -> list[str]:
        """Return the lines of the log that report an error."""
        marks = ('"level": "error"', '"level":"error"', '"critical"', "Traceback")
        return [line for line in self.log.splitlines() if any(mark in line for mark in marks)]

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``signet`` with ``arguments`` beside the server; the caller looks at the exit code."""
        return subprocess.run(
            [SIGNET, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def cli(self, *arguments: str, stdin: str | None = None) -> Any:
        """Run ``signet ... --json`` beside the server and return what it answers.

        Raises:
            CommandError: it was refused.
        """
        done = COMMAND_LINE.run(
            [*arguments, "--json"],
            folder=self.folder,
            environment=self.environment,
            stdin=stdin or "",
        )
        if done.returncode != 0:
            raise CommandError(f"signet {' '.join(arguments)}: {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None
