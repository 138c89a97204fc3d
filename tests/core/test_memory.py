"""Memory that goes back to the system."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from app.core import memory

MIB = 2**20
PROGRAMME = """
import threading
from pathlib import Path
from argon2 import PasswordHasher
from app.core import memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

memory.share_one_pool()
hasher = PasswordHasher(time_cost=1, memory_cost=19456, parallelism=1)
before = resident()

def hash():
    # The second time the library has learnt to keep it.
    for _ in range(3):
        hasher.hash("any")
    print(resident() - before)
    memory.give_back()
    print(resident() - before)

thread = threading.Thread(target=hash)
thread.start()
thread.join()
"""


def resident():
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")
def test_what_was_freed_goes_back():
    c_library = ctypes.CDLL(None)
    if not hasattr(c_library, "malloc_trim"):
        pytest.skip("another C library")
    c_library.malloc.restype = ctypes.c_void_p
    # Many small pieces, with one at the end that keeps the library from returning them by itself.
    pieces = [c_library.malloc(16384) for _ in range(64 * MIB // 16384)]
    for piece in pieces:
        ctypes.memset(piece, 1, 16384)
    for piece in pieces[:-1]:
        c_library.free(ctypes.c_void_p(piece))
    before = resident()
    memory.give_back()
    assert before - resident() > 32 * MIB
    c_library.free(ctypes.c_void_p(pieces[-1]))


def test_where_the_c_library_cannot_nothing_happens(monkeypatch):
    monkeypatch.setattr(memory, "_of_the_c_library", lambda _: None)
    memory.share_one_pool()
    memory.give_back()


@pytest.mark.skipif(sys.platform != "linux", reason="measured by /proc")
def test_the_end_of_what_another_thread_used_goes_back_too():
    # In a process of its own: how many pools there are is decided once.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMME], capture_output=True, check=True, text=True
    )
    kept, returned = map(int, done.stdout.split())
    assert kept > 18 * MIB
    assert returned < 4 * MIB
