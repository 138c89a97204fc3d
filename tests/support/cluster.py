"""A PostgreSQL cluster that belongs to a test alone: it can be stopped, frozen, and brought back.

The server that the other tests share must never be hurt, so this one is made from the installed programs,
in a folder of its own, on a free loopback port.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.databases import POSTGRESQL, Database
from tests.support.server import free_port

_PATIENCE = 60
_QUICK = "-c fsync=off -c full_page_writes=off"


def programs() -> Path | None:
    """Return the folder with ``initdb`` and ``pg_ctl``, the newest if there are several."""
    # Debian keeps them out of the path, one folder for each version.
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")]
    if versions:
        return max(versions, key=lambda path: int(path.parent.name))
    found = shutil.which("pg_ctl")
    return Path(found).resolve().parent if found else None


class Cluster:
    """The cluster. What it commits survives its own crash; it need not survive the machine's."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._port = free_port()
        self._password = secrets.token_hex(16)

    def new_database(self) -> Database:
        """Make an empty database; return the settings that lead a server to it."""
        name = f"signet_{secrets.token_hex(6)}"
        address = f"signet:{self._password}@127.0.0.1:{self._port}"
        with psycopg.connect(f"postgresql://{address}/postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = f"postgresql+psycopg://{address}/{name}"
        return Database(POSTGRESQL, {"SIGNET_DATABASE_URL": url})

    def make(self) -> None:
        """Make it; it does not run yet."""
        password = self._folder / "password"
        _run(["tee", str(password)], said=self._password)
        _run([
            str(self._programs / "initdb"), f"--pgdata={self._folder / 'data'}",
            "--username=signet", "--auth=scram-sha-256", f"--pwfile={password}",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        ])  # fmt: skip

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-h 127.0.0.1 -p {self._port} -k {self._folder} {_QUICK}"
        self._control("start", "--wait", f"--log={self._folder / 'log'}", f"--options={options}")

    def stop(self, *, mode: str = "fast") -> None:
        """Stop it and wait until it is gone; ``immediate`` is a crash."""
        self._control("stop", "--wait", f"--mode={mode}")

    def freeze(self) -> None:
        """Stop the clock of all its processes: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        first = (self._folder / "data" / "postmaster.pid").read_text("ascii").split()[0]
        children = Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split()
        # Frozen from the top and woken from the top: no child is ever without its parent.
        for pid in (first, *children):
            os.kill(int(pid), number)

    def _control(self, *arguments: str) -> None:
        _run([
            str(self._programs / "pg_ctl"), f"--pgdata={self._folder / 'data'}", "--silent",
            *arguments,
        ])  # fmt: skip


@contextmanager
def running(programs: Path) -> Iterator[Cluster]:
    """Make and start a cluster; it is gone afterwards, whatever was done to it."""
    with tempfile.TemporaryDirectory(prefix="signet-cluster-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        cluster = Cluster(folder, programs)
        cluster.make()
        cluster.start()
        try:
            yield cluster
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                cluster.thaw()
                cluster.stop(mode="immediate")


def _run(command: list[str], *, said: str = "") -> None:
    # PostgreSQL refuses to run as root.
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *command],
        cwd="/",
        input=said,
        stdout=subprocess.DEVNULL,
        # The cluster would keep a pipe open that this process waits to see closed.
        stderr=None,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}"
