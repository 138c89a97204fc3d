"""A thread that comes after all others."""

import ctypes
import os
import platform
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.core import priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority there")

_GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275, "riscv64": 275}


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def attributes() -> tuple[Any, ...]:
    """Return what the kernel says of the calling thread (sched_getattr(2))."""
    found = ctypes.create_string_buffer(priority._ATTRIBUTES.size)
    number = _GET_ATTRIBUTES[platform.machine()]
    assert ctypes.CDLL(None).syscall(number, 0, found, priority._ATTRIBUTES.size, 0) == 0
    return priority._ATTRIBUTES.unpack(found.raw)


def in_a_thread(work: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(20)


def test_it_is_nicer_than_before_and_nobody_else_is() -> None:
    before = niceness()

    def there() -> int:
        priority.come_last()
        return niceness()

    assert in_a_thread(there) > before
    assert niceness() == before


@pytest.mark.skipif(platform.machine() not in _GET_ATTRIBUTES, reason="unknown to the module too")
def test_it_stays_an_ordinary_thread_with_long_slices_where_the_kernel_has_them() -> None:
    def there() -> tuple[Any, ...]:
        priority.come_last()
        return attributes()

    _, policy, _, nice, _, runtime, _, _ = in_a_thread(there)
    assert (policy, nice) == (0, priority._NICENESS)
    # Kernels before 6.12 tell 0.
    assert runtime in {0, priority._SLICE_NANOSECONDS}


def test_a_machine_whose_numbers_are_not_known_has_the_priority_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    monkeypatch.setattr(priority, "_ask_for_long_slices", lambda _: pytest.fail("a guess"))

    def there() -> int:
        priority.come_last()
        return niceness()

    assert in_a_thread(there) == priority._NICENESS
