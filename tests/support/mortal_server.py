"""A server to which terrible things are done: it is killed in parts, and judged by what it does next."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import Engine, NullPool, create_engine, text

from tests.support.databases import SQLITE
from tests.support.mortal import STEP_VARIABLE
from tests.support.server import Server

_ROOT = Path(__file__).parents[2]
_PATIENCE = 20


class MortalServer(Server):
    """``signet serve`` with the points of ``mortal``; everything else is the real server."""

    def launch(self, *, workers: int = 2, dies_at_step: int | None = None) -> None:
        """Start the process without waiting for it; it may die on its way."""
        environment = {**self.environment, "PYTHONPATH": str(_ROOT)}
        if dies_at_step is not None:
            environment[STEP_VARIABLE] = str(dies_at_step)
        arguments = ["serve", "--port", str(self.port), "--workers", str(workers)]
        with self._output.open("ab") as output, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.mortal", *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return once it answers that it is ready, however long the first answer takes."""
        with contextlib.suppress(requests.Timeout):
            return super().wait_until_ready()
        return super().wait_until_ready()

    def ends_before_it_is_ready(self) -> bool:
        """Wait until it has died or is ready; tell whether it died."""
        eventually(lambda: self.has_ended or self._answers())
        return self.has_ended

    def _answers(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except requests.ConnectionError:
            return False

    @property
    def has_ended(self) -> bool:
        """Whether the parent process is gone."""
        assert self._process is not None
        return self._process.poll() is not None

    def workers(self) -> list[int]:
        """Return the process ids of the workers, the longest-lived first."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii")
        return [int(pid) for pid in listed.split()]

    def kill_a_worker(self) -> None:
        """Kill the worker that has lived longest: never one that has only just replaced another."""
        os.kill(self.workers()[0], signal.SIGKILL)

    def kill_every_worker(self) -> None:
        """Kill all workers at one instant."""
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)

    def stop_after_faults(self) -> None:
        """Stop as an operator would; what the faults left in the log may be there, a secret may not."""
        self.terminate()
        code = self.wait_until_stopped()
        assert code == 0, f"exit code {code}:\n{self.log[-4000:]}"
        leaked = [secret for secret in self.secrets if secret in self.log + self.output]
        assert not leaked, f"{len(leaked)} secrets are in the log"

    def pad_log(self, size: int) -> None:
        """Make the log at least ``size`` bytes long."""
        with self._log.open("ab") as log:
            log.write(b"\n" * size)

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET ``path``, waiting no longer than a client would."""
        return requests.get(self.url(path), timeout=_PATIENCE, **options)

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Return what the database itself says."""
        engine = self._engine()
        with engine.connect() as connection:
            return list(connection.execute(text(query), values))

    def is_sound(self) -> bool:
        """Tell whether the database finds nothing wrong with itself."""
        if self.database.engine != SQLITE:
            return True
        found = self.rows("PRAGMA integrity_check") + self.rows("PRAGMA foreign_key_check")
        return [tuple(row) for row in found] == [("ok",)]

    def _engine(self) -> Engine:
        own = f"sqlite:///{self.folder / 'signet.sqlite3'}"
        return create_engine(
            self.database.settings.get("SIGNET_DATABASE_URL", own), poolclass=NullPool
        )


def eventually(holds: Callable[[], bool], *, within: float = _PATIENCE) -> None:
    """Return once ``holds`` does.

    Raises:
        AssertionError: it does not hold in time.
    """
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"not within {within} s"
        time.sleep(0.05)
