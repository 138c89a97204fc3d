"""The process that starts the workers and replaces those that end. It answers nothing and loads almost nothing.

Specs:
    prctl(2) PR_SET_CHILD_SUBREAPER    whoever loses its parent below this process becomes its child

The first worker makes everything ready, loads the application, and then starts the others as copies of itself, which
share that memory. They are children of this process all the same. A parent that had loaded the application in order to
copy it would keep as much memory as a worker and never use it. The price: a worker that replaces another loads the
application anew, and shares nothing.
"""

import mmap
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

import click

from app.cli import listener

_STOPS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_AWAITED = _STOPS | {signal.SIGCHLD, signal.SIGALRM}
# Long enough for a client that is busy to be told that its connection ends.
_ANNOUNCEMENT = 0.4
KILL_AFTER = 30
# A worker that ends sooner than this after its start is replaced after a rest, each time a longer one, in seconds.
_SHORT_LIFE = 5.0
_FIRST_REST = 0.5
_LONGEST_REST = 30.0
_STEP = 0.02
_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Post:
    """The place of one worker. ``is_first`` if nothing is ready yet; ``after`` says how its predecessor ended."""

    number: int
    is_first: bool
    after: str | None = None


class Board:
    """Memory that all processes of one server share: is it ready, is it stopping, who is which worker."""

    def __init__(self, workers: int) -> None:
        self._pids = struct.Struct(f"={workers}i")
        self._memory = mmap.mmap(-1, 2 + self._pids.size)

    @property
    def stopping(self) -> memoryview:
        """One byte, not 0 when the server is stopping. A view, because every request looks at it."""
        return memoryview(self._memory)[0:1]

    def stop(self) -> None:
        """Say that the server is stopping."""
        self._memory[0] = 1

    @property
    def is_ready(self) -> bool:
        """Whether there was a complete set of workers."""
        return self._memory[1] != 0

    def be_ready(self) -> None:
        """Say that the set of workers is complete."""
        self._memory[1] = 1

    def pids(self) -> list[int]:
        """Return the process of each worker, 0 for one that is not there."""
        return list(self._pids.unpack_from(self._memory, 2))

    def note(self, number: int, pid: int) -> None:
        """Write down that worker ``number`` is ``pid``."""
        struct.pack_into("=i", self._memory, 2 + 4 * number, pid)


@dataclass
class _Replacing:
    """What is known of a place: when its worker started, how long the last rest was, when the next one is due."""

    began: float
    rest: float = 0.0
    due: float | None = None
    after: str = ""


class Supervisor:
    """One server: its sockets, its workers, and their stop.

    ``work`` does the work of a worker in a process of its own, from the fork until it is told to stop, and returns
    its exit code.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], work: Callable[["Supervisor", Post], int]
    ) -> None:
        self.sockets = sockets
        self.board = Board(len(sockets))
        self._work = work
        self._reading, self._writing = os.pipe()
        self._places = [_Replacing(time.monotonic()) for _ in sockets]
        self._mask: set[int] = set()
        self._adopts = False

    @property
    def lifeline(self) -> int:
        """A descriptor, for a worker, that ends when this process does: nothing is ever written there."""
        return self._reading

    def run(self) -> int:
        """Start the workers and see to them until SIGTERM or Ctrl-C; return the exit code of the server."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._mask = {int(each) for each in signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)}
        self._adopts = _adopt_orphans()
        # Where nobody can be adopted nobody is copied: all start here, and each loads for itself.
        for number in range(1 if self._adopts else len(self.sockets)):
            self._start(Post(number, is_first=True))
        while self._next_signal() not in _STOPS:
            failed = self._bury()
            if failed is not None:
                self._stop()
                return failed
            self._replace()
        self._stop()
        return 0

    def multiply(self, post: Post) -> int:
        """Start the other workers as copies of the first, where one can; return which one this process is.

        It returns once in each. To be called while there is one thread, and no connection to a database.
        """
        if not post.is_first or post.number:
            return post.number
        for number in range(1, len(self.sockets) if self._adopts else 1):
            between = os.fork()
            if between:
                os.waitpid(between, 0)
                continue
            # Its parent gone, the copy falls to the supervisor, which alone waits for workers.
            if os.fork():
                os._exit(0)
            os.setpgid(0, 0)
            self.board.note(number, os.getpid())
            return number
        self.board.be_ready()
        return 0

    def _start(self, post: Post) -> None:
        place = self._places[post.number]
        place.began, place.due = time.monotonic(), None
        pid = os.fork()
        if pid == 0:
            self._become(post)
        self.board.note(post.number, pid)

    def _become(self, post: Post) -> NoReturn:
        code = 1
        try:
            # Ctrl-C reaches every process of the terminal's group; only the supervisor decides how to stop.
            os.setpgid(0, 0)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            os.close(self._writing)
            code = self._work(self, post)
        except BaseException:  # noqa: BLE001 - this is where the process ends; the traceback is what a report needs
            sys.excepthook(*sys.exc_info())
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _next_signal(self) -> int:
        due = [place.due for place in self._places if place.due is not None]
        if due:
            signal.setitimer(signal.ITIMER_REAL, max(_STEP, min(due) - time.monotonic()))
        return signal.sigwait(_AWAITED)

    def _bury(self) -> int | None:
        """Note who has ended; return the exit code of a start that failed."""
        for pid, code in _ended():
            number = self._number_of(pid)
            # An orphan that is no worker of ours.
            if number is None:
                continue
            self.board.note(number, 0)
            if not self.board.is_ready:
                return _failed(code)
            self._plan(number, _described(code))
        return None

    def _number_of(self, pid: int) -> int | None:
        pids = self.board.pids()
        if pid in pids:
            return pids.index(pid)
        # Or a copy that ended before it could say which one it is: missing, and not because it is to be replaced.
        for number, place in enumerate(self._places):
            if pids[number] == 0 and place.due is None:
                return number
        return None

    def _plan(self, number: int, after: str) -> None:
        place, now = self._places[number], time.monotonic()
        is_short = now - place.began < _SHORT_LIFE
        place.rest = min(_LONGEST_REST, max(_FIRST_REST, 2 * place.rest)) if is_short else 0.0
        place.due, place.after = now + place.rest, after

    def _replace(self) -> None:
        now = time.monotonic()
        for number, place in enumerate(self._places):
            if place.due is None or place.due > now:
                continue
            try:
                self._start(Post(number, is_first=False, after=place.after))
            except OSError:
                # No process is to be had just now. Those that are there go on; this one is tried again.
                self._plan(number, place.after)

    def _stop(self) -> None:
        self.board.stop()
        if self.board.is_ready:
            time.sleep(_ANNOUNCEMENT)
            listener.drain(self.sockets)
        for opened in self.sockets:
            opened.close()
        told: set[int] = set()
        end = time.monotonic() + KILL_AFTER
        while self._is_anybody_left():
            # A copy may come to be known only now.
            _send(signal.SIGTERM, set(self.board.pids()) - told - {0})
            told.update(self.board.pids())
            if time.monotonic() > end:
                _send(signal.SIGKILL, set(self.board.pids()) - {0})
                return
            time.sleep(_STEP)

    def _is_anybody_left(self) -> bool:
        for pid, _ in _ended():
            number = self._number_of(pid)
            if number is not None:
                self.board.note(number, 0)
        # Whoever is left may be an orphan that is no worker; but a copy may not have said yet which one it is.
        return any(self.board.pids()) or not (self.board.is_ready or _is_childless())


def _ended() -> Iterator[tuple[int, int]]:
    """Yield each child that has ended, and its exit code; less than 0 is a signal."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            yield ended[0], os.waitstatus_to_exitcode(ended[1])


def _is_childless() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _failed(code: int) -> int:
    # A worker that fails says itself why; one that was killed could not.
    if code < 0:
        click.echo(f"signet: error: the start was ended by {_described(code)}", err=True)
        return 1
    return code or 1


def _described(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _send(number: signal.Signals, pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _adopt_orphans() -> bool:
    """Become the parent of whoever loses its own below this process; tell whether the system can do that."""
    if sys.platform != "linux":
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
