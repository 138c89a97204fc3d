"""Processes: a server of the bench, with its children, and what Linux says of them."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wire import Connection, NoAnswerError

HOST = "127.0.0.1"
_PATIENCE = 30.0
_POLL = 0.002
_SAMPLE = 0.5
_TICKS = os.sysconf("SC_CLK_TCK")
# In /proc/<pid>/stat behind the name of the program, which may hold anything but ends with ")".
_USER_TIME, _SYSTEM_TIME = 11, 12


class ProgramError(Exception):
    """A program of the bench did not do what it was started for; the message holds its last words."""


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass(frozen=True)
class Command:
    """How a server is started."""

    words: Sequence[str | Path]
    folder: Path
    environment: Mapping[str, str]
    port: int


@dataclass
class Memory:
    """The most that a server was seen to hold, in bytes."""

    most: int = 0


class Program:
    """A running server and the processes that it started."""

    def __init__(self, command: Command, *, ask: str) -> None:
        """Start it, and wait until a GET of ``ask`` is answered with 200."""
        self._log = command.folder / "server.log"
        began = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command.words,
                cwd=command.folder,
                env=command.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A session of its own would have a share of the processors of its own, within which alone
                # the priority of threads counts: hashing would then be in the way of the load.
                process_group=0,
            )
        self._wait_for(command.port, ask)
        # Seconds from nothing to the first answer.
        self.start_seconds = time.monotonic() - began

    def _wait_for(self, port: int, path: str) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            # It does not listen yet, or closed what it had not taken yet.
            with (
                contextlib.suppress(OSError, NoAnswerError),
                contextlib.closing(Connection(HOST, port)) as connection,
            ):
                if connection.request("GET", path).status == 200:
                    return
            time.sleep(_POLL)
        self.stop()
        raise ProgramError(f"no answer to {path}:\n{self.last_words()}")

    def last_words(self) -> str:
        """Return the end of what it wrote."""
        return self._log.read_text("utf-8", "replace")[-3000:]

    def family(self) -> list[int]:
        """Return the ids of its processes that are alive."""
        found = [self._process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    found += [int(child) for child in children.read_text().split()]
        return found

    def cpu_seconds(self) -> dict[int, float]:
        """Return the processor time that each of its processes has used."""
        used = {}
        for pid in self.family():
            with contextlib.suppress(OSError):
                facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used[pid] = (int(facts[_USER_TIME]) + int(facts[_SYSTEM_TIME])) / _TICKS
        return used

    def memory(self) -> int:
        """Return the proportional set size of all of it, in bytes: what is shared is counted once."""
        kibibytes = 0
        for pid in self.family():
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        kibibytes += int(line.split()[1])
        return kibibytes * 1024

    @contextlib.contextmanager
    def watched(self) -> Iterator[Memory]:
        """Look at its memory every half second, and once more at the end."""
        seen, over = Memory(), threading.Event()

        def watch() -> None:
            is_over = False
            while not is_over:
                is_over = over.wait(_SAMPLE)
                seen.most = max(seen.most, self.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield seen
        finally:
            over.set()
            watcher.join()

    def stop(self) -> None:
        """Stop it; a server that does not stop in time is ended."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
