"""The queue before SQLite's one writer."""

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core import sqlite_writers

# A hang is a failure; nothing here depends on how fast the machine is.
HANG = 20


@pytest.fixture
def opened(tmp_path):
    """Return what opens a connection of one installation: ``opened(patience=...)``."""
    connections = []

    def connect(*, patience=HANG, queue=None):
        queue = queue or sqlite_writers.Queue(tmp_path / ".writers.lock", patience=patience)
        connection = sqlite3.connect(
            tmp_path / "signet.db",
            isolation_level=None,
            check_same_thread=False,
            timeout=patience,
            factory=sqlite_writers.connection_factory(queue),
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS counted (n INTEGER)")
        connections.append(connection)
        return connection

    yield connect
    for connection in connections:
        connection.close()


def write(connection):
    connection.begin_writing()
    connection.execute("INSERT INTO counted VALUES (1)")


def test_whoever_waits_writes_as_soon_as_the_writer_commits(opened):
    first, second = opened(), opened()
    write(first)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(write, second)
        time.sleep(0.1)
        assert not waiting.done()
        first.commit()
        waiting.result(timeout=HANG)
    second.rollback()
    assert first.execute("SELECT count(*) FROM counted").fetchone() == (1,)


def test_no_write_of_many_threads_is_lost_or_refused(opened):
    queue = opened().queue

    def add(_number):
        connection = opened(queue=queue)
        for _ in range(10):
            write(connection)
            connection.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert opened().execute("SELECT count(*) FROM counted").fetchone() == (80,)


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
def test_the_turn_ends_with_the_transaction(opened, end):
    first, second = opened(patience=1), opened(patience=1)
    write(first)
    getattr(first, end)()
    write(second)
    second.commit()


def test_a_commit_that_fails_keeps_the_turn_until_the_rollback(opened):
    first, second = opened(patience=0.2), opened(patience=0.2)
    first.execute("PRAGMA foreign_keys=ON")
    first.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    first.execute("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    first.begin_writing()
    first.execute("INSERT INTO child VALUES (7)")
    with pytest.raises(sqlite3.IntegrityError):
        first.commit()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        second.begin_writing()
    first.rollback()
    write(second)
    second.commit()


def test_a_writer_gives_up_when_its_patience_is_over_and_may_try_again(opened):
    first, second = opened(patience=0.2), opened(patience=0.2)
    write(first)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        second.begin_writing()
    first.commit()
    write(second)
    second.commit()


def test_waiting_in_the_queue_and_for_an_outsider_shares_one_patience(opened, tmp_path):
    queue = opened(patience=1.0).queue
    outsider = sqlite3.connect(tmp_path / "signet.db", isolation_level=None)
    outsider.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    connections = [opened(patience=1.0, queue=queue) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        attempts = [pool.submit(connection.begin_writing) for connection in connections]
        for attempt in attempts:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                attempt.result(timeout=HANG)
    # One after the other they would have waited for four times as long.
    assert time.monotonic() - began < 3
    outsider.rollback()
    outsider.close()
    write(connections[0])
    connections[0].commit()


def test_a_patience_that_was_shortened_is_whole_again_afterwards(opened, tmp_path):
    queue = opened(patience=1.0).queue
    first, second = opened(patience=1.0, queue=queue), opened(patience=1.0, queue=queue)
    write(first)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(write, second)
        time.sleep(0.7)
        first.commit()
        waiting.result(timeout=HANG)
    second.commit()
    assert second.execute("PRAGMA busy_timeout").fetchone() == (1000,)


def _hold(path, holding):
    queue = sqlite_writers.Queue(path, patience=HANG)
    queue.enter()
    holding.set()
    time.sleep(HANG)


@pytest.fixture
def holder(tmp_path):
    """Return another process that has the turn."""
    context = multiprocessing.get_context("spawn")
    holding = context.Event()
    process = context.Process(target=_hold, args=(tmp_path / ".writers.lock", holding))
    process.start()
    assert holding.wait(HANG)
    yield process
    process.kill()
    process.join()
    process.close()


def test_another_process_has_to_wait_its_turn(opened, holder):
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        opened(patience=0.2).begin_writing()
    assert holder.is_alive()


def test_a_writer_that_is_killed_gives_up_its_turn(opened, holder):
    connection = opened()
    threading.Timer(0.2, os.kill, (holder.pid, signal.SIGKILL)).start()
    write(connection)
    connection.commit()


def test_a_writer_that_is_stopped_makes_nobody_wait_without_end(opened, holder):
    os.kill(holder.pid, signal.SIGSTOP)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        opened(patience=0.2).begin_writing()
    os.kill(holder.pid, signal.SIGCONT)


def test_a_process_that_was_forked_does_not_share_the_turn_of_its_parent(tmp_path):
    queue = sqlite_writers.Queue(tmp_path / ".writers.lock", patience=0.2)
    queue.enter()
    queue.leave()
    child = os.fork()
    if child == 0:
        queue.enter()
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
    try:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            queue.enter()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_fork_in_the_middle_of_a_turn_leaves_the_child_one_of_its_own(tmp_path):
    queue = sqlite_writers.Queue(tmp_path / ".writers.lock", patience=HANG)
    queue.enter()
    child = os.fork()
    if child == 0:
        # The turn of a thread that is not there would never end.
        signal.alarm(HANG)
        queue.enter()
        os._exit(0)
    queue.leave()
    assert os.waitpid(child, 0)[1] == 0


def test_the_lock_file_is_for_its_owner_alone(tmp_path):
    queue = sqlite_writers.Queue(tmp_path / ".writers.lock", patience=1)
    queue.enter()
    queue.leave()
    assert (tmp_path / ".writers.lock").stat().st_mode & 0o777 == 0o600
