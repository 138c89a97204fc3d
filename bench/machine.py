"""What this machine can do at best: the measures against which everything else is held."""

import os
import re
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher

_ARGON2_SECONDS = 1.5
_FSYNC_SECONDS = 0.3
_PAGE = bytes(4096)
_PAGES = 200


@dataclass(frozen=True)
class Rates:
    """What was measured, a second; ``load`` is the load average before."""

    rsa_signatures: float
    argon2_hashes: float
    fsyncs: float
    load: float


def rates(folder: Path, *, hashing_threads: int) -> Rates:
    """Measure all of them, one after the other."""
    load = os.getloadavg()[0]
    return Rates(rsa_signatures(), argon2_hashes(hashing_threads), fsyncs(folder), load)


def rsa_signatures() -> float:
    """Return how many RSA-2048 signatures one core makes in a second, as OpenSSL measures itself."""
    done = subprocess.run(
        ["openssl", "speed", "-seconds", "1", "-mr", "rsa2048"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found = re.search(r"^\+R1:(\d+):2048:([\d.]+)$", done.stdout + done.stderr, re.MULTILINE)
    if found is None:
        raise RuntimeError("openssl speed says nothing of rsa2048")
    return int(found[1]) / float(found[2])


def argon2_hashes(threads: int) -> float:
    """Return how many passwords a second are verified by ``threads`` at once, at the server's default cost."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    stored = hasher.hash("a password of the bench")
    end = time.monotonic() + _ARGON2_SECONDS

    def work(_: int) -> int:
        count = 0
        while time.monotonic() < end:
            hasher.verify(stored, "a password of the bench")
            count += 1
        return count

    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        total = sum(pool.map(work, range(threads)))
    return total / (time.monotonic() - began)


def fsyncs(folder: Path) -> float:
    """Return how many pages a second the disk below ``folder`` makes durable, one after the other.

    They are overwritten in turn, as a database does with its log.
    """
    count = 0
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(_PAGE * _PAGES)
        file.flush()
        os.fsync(file.fileno())
        began = time.monotonic()
        while time.monotonic() - began < _FSYNC_SECONDS:
            os.pwrite(file.fileno(), _PAGE, count % _PAGES * len(_PAGE))
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.monotonic() - began)
