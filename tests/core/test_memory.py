"""Memory that goes back to the system."""

import ctypes
import sys
from pathlib import Path

import pytest

from app.core import memory

MIB = 2**20


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
    monkeypatch.setattr(memory, "_trim", lambda: None)
    memory.give_back()
