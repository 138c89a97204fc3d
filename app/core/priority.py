"""A thread that comes after all others: low priority, and a turn at the processor that anybody may interrupt.

Linux gives each thread a priority of its own. That decides shares, and says nothing of who has to wait: a thread that
wakes up waits until the slice of the one that computes is over. From Linux 6.12 on a thread may ask for longer slices,
and then whoever wakes up with a shorter one takes the processor from it at once.
"""

import os
import platform
import struct
import sys
import threading

# About a tenth of a processor that others want as well: enough to get on, too little to be in the way.
_NICENESS = 10
_SLICE_NANOSECONDS = 50_000_000
# struct sched_attr of sched_setattr(2): size, policy, flags, niceness, priority, runtime, deadline, period.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
_ORDINARY_POLICY = 0
# The C library has no function for it; the numbers are the kernel's, and never change.
_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274, "riscv64": 274}
_BITS = 64


def come_last() -> None:
    """Let the calling thread come after all others, as far as the system can."""
    # Elsewhere the priority would be the process's.
    if sys.platform != "linux":
        return
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    number = _SET_ATTRIBUTES.get(platform.machine())
    if number is not None and struct.calcsize("P") * 8 == _BITS:
        _ask_for_long_slices(number)


def _ask_for_long_slices(number: int) -> None:
    # Imported here: nobody else needs it, and every start would pay for it.
    import ctypes

    wanted = _ATTRIBUTES.pack(
        _ATTRIBUTES.size, _ORDINARY_POLICY, 0, _NICENESS, 0, _SLICE_NANOSECONDS, 0, 0
    )
    # A kernel that refuses, or a sandbox, leaves the thread as it was.
    ctypes.CDLL(None).syscall(number, 0, ctypes.create_string_buffer(wanted, len(wanted)), 0)
