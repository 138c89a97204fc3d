"""How many passwords a process hashes at once, on which threads, and who is sent away."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.errors import UnavailableError
from app.identity import argon2id, hash_slots, passwords
from app.identity.hash_slots import Slots
from tests.identity.installation import installed, with_settings

PATIENCE = 30


@pytest.fixture
def app(tmp_path):
    with installed(tmp_path) as made, made.app_context():
        yield made


class Hasher:
    """A hasher that is at it until it is let go."""

    memory_cost, time_cost, parallelism = 8, 1, 1

    def __init__(self):
        self.at_it = threading.Event()
        self.go = threading.Event()
        self.threads = []

    def hash(self, _):
        self.threads.append(threading.get_ident())
        self.at_it.set()
        assert self.go.wait(PATIENCE)
        return "hashed"

    def matches(self, _stored, password):
        return bool(self.hash(password))


class TestPlaces:
    def test_no_more_than_the_bound_run_at_once(self):
        slots, running, most = Slots(2, 100), [], []
        lock = threading.Lock()

        def work():
            with slots.one(wait=30):
                with lock:
                    running.append(1)
                    most.append(len(running))
                time.sleep(0.01)
                with lock:
                    running.pop()

        threads = [threading.Thread(target=work) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(most) == 12
        assert max(most) == 2

    def test_who_finds_no_place_to_wait_is_sent_away_at_once(self):
        slots = Slots(1, 0)
        began = time.monotonic()
        with slots.one(wait=30), pytest.raises(UnavailableError) as refused, slots.one(wait=30):
            pass
        assert time.monotonic() - began < 5
        assert refused.value.retry_after == 30

    def test_who_waits_too_long_is_sent_away_and_leaves_the_place(self):
        slots = Slots(1, 1)
        with slots.one(wait=1):
            for _ in range(3):
                with pytest.raises(UnavailableError, match="no slot"), slots.one(wait=0.01):
                    pass
        with slots.one(wait=0.01):
            pass

    def test_a_slot_is_given_back_after_an_error(self):
        slots = Slots(1, 0)
        with pytest.raises(RuntimeError), slots.one(wait=0.01):
            raise RuntimeError
        with slots.one(wait=0.01):
            pass

    def test_who_came_first_is_served_first(self):
        slots, order, waiting = Slots(1, 10), [], []

        def work(number):
            with slots.one(wait=PATIENCE):
                order.append(number)

        with slots.one(wait=PATIENCE):
            for number in range(5):
                waiting.append(threading.Thread(target=work, args=(number,)))
                waiting[-1].start()
                until(lambda: len(slots._waiting) == len(waiting))
        for thread in waiting:
            thread.join(PATIENCE)
        assert order == [0, 1, 2, 3, 4]

    def test_nobody_gets_past_those_who_wait(self):
        slots = Slots(1, 1)
        with slots.one(wait=PATIENCE):
            waiting = threading.Thread(target=work_in, args=(slots,))
            waiting.start()
            until(lambda: slots._waiting)
            with pytest.raises(UnavailableError), slots.one(wait=PATIENCE):
                pass
        waiting.join(PATIENCE)
        assert slots._free == 1


class TestThreads:
    def test_work_runs_on_no_more_threads_than_there_are_slots(self):
        slots, used = Slots(2, 100), set()

        def work():
            with slots.one(wait=PATIENCE) as elsewhere:
                used.add(elsewhere(threading.get_ident))
            return threading.get_ident()

        with ThreadPoolExecutor(8) as pool:
            callers = {each.result() for each in [pool.submit(work) for _ in range(40)]}
        assert 1 <= len(used) <= 2
        assert not used & callers

    @pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
    def test_hashing_comes_after_everything_else_and_changes_nobody_elses_priority(self):
        def niceness():
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        before = niceness()
        with Slots(1, 0).one(wait=PATIENCE) as elsewhere:
            assert elsewhere(niceness) > before
        assert niceness() == before

    def test_what_goes_wrong_there_is_raised_here(self):
        def work():
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), Slots(1, 0).one(wait=PATIENCE) as elsewhere:
            elsewhere(work)

    @pytest.mark.usefixtures("app")
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_process_that_was_forked_after_a_hash_can_hash_as_well(self):
        stored = passwords.hash_password("before the fork")
        child = os.fork()
        if child == 0:
            os._exit(0 if passwords.verify(stored, "before the fork").ok else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_memory_goes_back_once_nobody_hashes_for_a_while(self, monkeypatch):
        given_back = threading.Event()
        monkeypatch.setattr(hash_slots, "_PAUSE_SECONDS", 0.01)
        monkeypatch.setattr("app.core.memory.give_back", given_back.set)
        slots = Slots(1, 1)
        with slots.one(wait=PATIENCE) as elsewhere:
            elsewhere(lambda: None)
            assert given_back.wait(PATIENCE)
            # And the thread goes on after it.
            assert elsewhere(lambda: 2) == 2


class TestPasswords:
    @pytest.mark.parametrize("work", ["verify", "hash"])
    def test_hashing_holds_a_slot_of_the_settings(self, app, monkeypatch, work):
        with_settings(app, "passwords", max_concurrent_hashes=1, max_waiting_hashes=0)
        hasher = Hasher()
        monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
        monkeypatch.setattr(argon2id, "matches", hasher.matches)
        doing = {
            "verify": lambda: passwords.verify(None, "any"),
            "hash": lambda: passwords.hash_password("any"),
        }

        def busy():
            with app.app_context():
                doing[work]()

        first = threading.Thread(target=busy)
        first.start()
        assert hasher.at_it.wait(PATIENCE)
        with pytest.raises(UnavailableError) as refused:
            passwords.verify(None, "any")
        assert refused.value.retry_after >= 1
        hasher.go.set()
        first.join(PATIENCE)
        assert hasher.threads != []
        assert first.ident not in hasher.threads

    def test_all_of_one_process_share_its_slots(self, app):
        bounds = (7, 9)
        with_settings(app, "passwords", max_concurrent_hashes=7, max_waiting_hashes=9)
        passwords.hash_password("one")
        found = hash_slots._made[bounds]
        passwords.hash_password("two")
        assert hash_slots._made[bounds] is found


def work_in(slots):
    with slots.one(wait=PATIENCE):
        pass


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)
