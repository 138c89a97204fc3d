"""The process that starts the workers: who is replaced, and when; what a failed start and a stop come to."""

import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from app.cli.supervisor import Board

pytestmark = [pytest.mark.server, pytest.mark.timeout(60)]
_ROOT = Path(__file__).parents[2]
# Workers of this supervisor write down who they are and wait; what else they do, the test says.
_PROGRAM = """
import os, signal, socket, sys, time
from pathlib import Path
from threading import Thread
from app.cli import supervisor
from app.cli.supervisor import Supervisor

supervisor._FIRST_REST = 0.2
%SETTING
folder = Path(sys.argv[1])

def born(number, after):
    with (folder / "born").open("a") as lines:
        lines.write(f"{number} {os.getpid()} {time.monotonic()} {after}\\n")

def work(self, post):
    %BEFORE
    number = self.multiply(post)
    born(number, post.after)
    # Nobody outlives the supervisor: a test may kill it.
    Thread(target=lambda: os.read(self.lifeline, 1) or os._exit(0), daemon=True).start()
    %AFTER
    signal.sigwait({signal.SIGUSR1})

def listening():
    opened = socket.socket()
    opened.bind(("127.0.0.1", 0))
    opened.listen()
    return opened

sys.exit(Supervisor([listening() for _ in range(2)], work).run())
"""


# The supervisor's second fork, the first of a replacement, fails once.
_NO_SECOND_FORK = """
forks, fork, first = [], os.fork, os.getpid()
def scarce():
    if os.getpid() == first:
        forks.append(1)
        if len(forks) == 2:
            raise BlockingIOError
    return fork()
os.fork = scarce
"""
_DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"


class _Server:
    def __init__(self, folder, setting="", before="pass", after="pass"):
        self._folder = folder
        program = _PROGRAM
        for name, part in (("%SETTING", setting), ("%BEFORE", before), ("%AFTER", after)):
            program = program.replace(name, part)
        self._said = folder / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, str(folder)],
                env={**os.environ, "PYTHONPATH": str(_ROOT)}, stderr=said,
            )  # fmt: skip

    def born(self):
        try:
            lines = (self._folder / "born").read_text().splitlines()
        except FileNotFoundError:
            return []
        fields = [line.split(maxsplit=3) for line in lines]
        return [(int(number), int(pid), float(at), after) for number, pid, at, after in fields]

    def wait_for(self, count):
        end = time.monotonic() + 20
        while len(self.born()) < count:
            assert time.monotonic() < end, self.born()
            time.sleep(0.02)
        return self.born()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.outcome()[0]

    def outcome(self):
        code = self.process.wait(timeout=20)
        return code, self._said.read_text()


@pytest.fixture
def serve(tmp_path):
    made = []

    def start(**parts):
        made.append(_Server(tmp_path, **parts))
        return made[-1]

    yield start
    for server in made:
        server.process.kill()
        server.process.wait()


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _eventually_gone(pids):
    end = time.monotonic() + 10
    left = set(pids)
    while left := set(filter(_lives, left)):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_all_workers_are_children_of_the_supervisor_and_groups_of_their_own(serve):
    server = serve()
    born = server.wait_for(2)
    assert {number for number, *_ in born} == {0, 1}
    for _, pid, *_ in born:
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        assert int(parent) == server.process.pid
        assert os.getpgid(pid) == pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_ends_every_worker_and_is_no_failure(serve, number):
    server = serve()
    born = server.wait_for(2)
    assert server.stop(number) == 0
    assert not [pid for _, pid, *_ in born if _lives(pid)]


def test_a_worker_that_ends_is_replaced_in_its_place_and_told_why(serve):
    server = serve()
    victims = {number: pid for number, pid, *_ in server.wait_for(2)}
    os.kill(victims[1], signal.SIGKILL)
    number, pid, _, after = server.wait_for(3)[2]
    assert (number, after) == (1, "signal 9")
    assert pid not in victims.values()
    assert _lives(victims[0])


def test_workers_that_keep_dying_are_replaced_for_ever_with_longer_rests(serve):
    server = serve(after="if post.after: os._exit(3)")
    os.kill(server.wait_for(2)[0][1], signal.SIGKILL)
    born = server.wait_for(6)[2:]
    assert [after for *_, after in born] == [
        "signal 9",
        "exit code 3",
        "exit code 3",
        "exit code 3",
    ]
    times = [at for _, _, at, _ in born]
    rests = [later - earlier for earlier, later in pairwise(times)]
    assert rests[0] < rests[1] < rests[2]
    assert server.stop() == 0


def test_a_start_that_fails_ends_the_server_with_its_code(serve):
    server = serve(before="os._exit(3)")
    assert server.outcome() == (3, "")


def test_a_start_that_is_killed_says_so(serve):
    server = serve(before="os.kill(os.getpid(), 9)")
    assert server.outcome() == (1, "signet: error: the start was ended by signal 9\n")


def test_an_error_nobody_foresaw_leaves_its_traceback(serve):
    server = serve(before="raise ZeroDivisionError")
    code, said = server.outcome()
    assert code == 1
    assert "ZeroDivisionError" in said


def test_an_orphan_that_is_no_worker_changes_nothing(serve):
    server = serve(after="os.fork() or os.fork() and os._exit(0) or os._exit(7)")
    server.wait_for(2)
    time.sleep(0.5)
    assert len(server.born()) == 2
    assert server.stop() == 0


def test_an_orphan_does_not_put_off_who_is_to_be_replaced(serve):
    # Worker 0 dies for good, and an orphan of worker 1's ends twice a second from then on.
    orphans = "[os.fork() or (os.fork() and os._exit(0)) or os._exit(7) for _ in iter(lambda: time.sleep(0.1), 1)]"
    server = serve(after=f"if number == 1: Thread(target=lambda: {orphans}, daemon=True).start()")
    victim = next(pid for number, pid, *_ in server.wait_for(2) if number == 0)
    os.kill(victim, signal.SIGKILL)
    number, *_, after = server.wait_for(3)[2]
    assert (number, after) == (0, "signal 9")


def test_where_nobody_can_be_adopted_each_worker_is_started_by_itself(serve):
    server = serve(setting="supervisor._adopt_orphans = lambda: False")
    born = server.wait_for(2)
    time.sleep(0.5)
    assert sorted(number for number, *_ in server.born()) == [0, 1]
    os.kill(born[1][1], signal.SIGKILL)
    assert server.wait_for(3)[2][3] == "signal 9"
    assert server.stop() == 0


def test_a_process_that_cannot_be_had_is_asked_for_again(serve):
    server = serve(setting=_NO_SECOND_FORK)
    victims = {number: pid for number, pid, *_ in server.wait_for(2)}
    os.kill(victims[0], signal.SIGKILL)
    assert server.wait_for(3)[2][0] == 0
    assert _lives(victims[1])
    assert server.stop() == 0


def test_a_worker_that_does_not_hear_is_killed(serve):
    server = serve(setting="supervisor.KILL_AFTER = 1", before=_DEAF)
    born = server.wait_for(2)
    assert server.stop() == 0
    _eventually_gone(pid for _, pid, *_ in born)


def test_the_board_keeps_every_place():
    board = Board(3)
    assert board.pids() == [0, 0, 0]
    board.note(2, 77)
    assert board.pids() == [0, 0, 77]
    assert (board.is_ready, board.stopping[0]) == (False, 0)
    board.be_ready()
    board.stop()
    assert (board.is_ready, board.stopping[0]) == (True, 1)


def test_the_supervisor_has_loaded_nothing_of_what_it_starts():
    loaded = "import sys, app.cli.main, app.cli.serve; print(*sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", loaded], cwd=_ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {"flask", "sqlalchemy", "authlib", "granian", "structlog", "app.factory"} & set(said)
