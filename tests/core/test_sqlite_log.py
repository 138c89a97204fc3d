"""The write-ahead log is emptied beside those who write, and begins anew although they never stop."""

import gc
import sqlite3
import threading
import time
from contextlib import closing

import pytest
from structlog.testing import capture_logs

from app.core import sqlite_log
from app.core.sqlite_writers import Queue, connection_factory

_PAGE = 4096 + 24
_ROWS = 400


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(sqlite_log, "_EVERY", 20)


class _Writers:
    def __init__(self, folder):
        self.file = folder / "log.sqlite3"
        self.log = folder / "log.sqlite3-wal"
        self.queue = Queue(folder / ".writers", patience=2.0, database=self.file)

    def connected(self):
        factory = connection_factory(self.queue)
        made = sqlite3.connect(
            self.file, isolation_level=None, factory=factory, check_same_thread=False
        )
        made.execute("PRAGMA journal_mode=WAL").fetchone()
        made.execute(f"PRAGMA wal_autocheckpoint={sqlite_log.LONGEST}").fetchone()
        return made

    def fill(self, connection):
        connection.begin_writing()
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, filling TEXT)")
        for number in range(_ROWS):
            # One row a page, so that each change is a page of its own.
            connection.execute("INSERT INTO t VALUES (?, 0, ?)", (number, "x" * 3000))
        connection.commit()

    def change(self, connection, times):
        for number in range(times):
            connection.begin_writing()
            connection.execute("UPDATE t SET n = n + 1 WHERE id = ?", (number % _ROWS,))
            connection.commit()


@pytest.fixture
def writers(tmp_path):
    return _Writers(tmp_path)


def _keepers():
    return {thread for thread in threading.enumerate() if thread.name == "signet-log"}


def _eventually(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_log_stays_short_while_two_write_without_a_pause(writers):
    with closing(writers.connected()) as first, closing(writers.connected()) as second:
        writers.fill(first)
        other = threading.Thread(target=writers.change, args=(second, 1000))
        other.start()
        writers.change(first, 1000)
        other.join()
        assert first.execute("SELECT sum(n) FROM t").fetchone() == (2000,)
        # All of it would be more than 2400 pages, and so less than what SQLite may wait for.
        assert writers.log.stat().st_size < 1800 * _PAGE


def test_what_is_emptied_is_in_the_database(writers):
    with closing(writers.connected()) as connection:
        writers.fill(connection)
        # Until then the file has no page of it: the log is far from as long as SQLite lets it become.
        assert writers.file.stat().st_size < _ROWS * 3000
        writers.change(connection, 20)
        _eventually(lambda: writers.file.stat().st_size > _ROWS * 3000)


def test_few_transactions_need_no_thread(writers):
    before = _keepers()
    with closing(writers.connected()) as connection:
        writers.fill(connection)
        writers.change(connection, 10)
        assert not _keepers() - before
        writers.change(connection, 10)
        assert len(_keepers() - before) == 1


def test_the_thread_ends_with_those_it_serves(writers):
    before = _keepers()
    with closing(writers.connected()) as connection:
        writers.fill(connection)
        writers.change(connection, 20)
        assert len(_keepers() - before) == 1
    del writers.queue, connection
    gc.collect()
    _eventually(lambda: not _keepers() - before)


def test_who_wrote_is_not_told_that_there_is_no_thread_to_be_had(writers, monkeypatch):
    def none(_):
        raise RuntimeError("can't start new thread")

    with closing(writers.connected()) as connection, monkeypatch.context() as scarce:
        writers.fill(connection)
        scarce.setattr(threading.Thread, "start", none)
        with capture_logs() as said:
            writers.change(connection, 20)
        assert [each["event"] for each in said] == ["database.log_has_no_keeper"]
        scarce.undo()
        writers.change(connection, 20)
        _eventually(lambda: writers.file.stat().st_size > _ROWS * 3000)


def test_a_file_that_cannot_be_opened_is_tried_again(writers, monkeypatch):
    def none(*_, **__):
        raise sqlite3.OperationalError("unable to open database file")

    with closing(writers.connected()) as connection, monkeypatch.context() as scarce:
        writers.fill(connection)
        with capture_logs() as said:
            scarce.setattr(sqlite3, "connect", none)
            writers.change(connection, 20)
            _eventually(lambda: "database.log_not_emptied" in {each["event"] for each in said})
            scarce.undo()
        writers.change(connection, 20)
        _eventually(lambda: writers.file.stat().st_size > _ROWS * 3000)


def test_after_a_fork_the_thread_is_started_anew(writers):
    before = _keepers()
    with closing(writers.connected()) as connection:
        writers.fill(connection)
        writers.change(connection, 20)
        writers.queue.begin_anew()
        writers.change(connection, 20)
        assert len(_keepers() - before) == 2


def test_somebody_who_writes_for_long_only_postpones_it(writers):
    writers.queue.patience = 0.05
    with closing(writers.connected()) as connection, closing(writers.connected()) as slow:
        writers.fill(connection)
        with capture_logs() as said:
            writers.change(connection, 19)
            slow.begin_writing(2.0)
            # As the twentieth would.
            writers.queue._keeper.note()
            _eventually(lambda: "database.log_not_emptied" in {each["event"] for each in said})
            slow.rollback()
        writers.change(connection, 40)
        _eventually(lambda: writers.file.stat().st_size > _ROWS * 3000)
