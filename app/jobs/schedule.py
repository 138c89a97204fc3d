"""The periodic work of the installation.

Most of it is done by one process at a time: every worker of every node asks; who holds the lock works, and the
others go away without waiting. Logout tokens are sent by all of them at once, as each takes others.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from app.core.db import db
from app.core.locks import try_exclusive
from app.jobs import deliver_logout, purge_expired, rotate_keys

_log = structlog.get_logger("signet.jobs")
_LOCK = "jobs"
# Rotation first: it is what others wait for.
_JOBS: tuple[tuple[str, Callable[[datetime], Any]], ...] = (
    ("rotate_keys", rotate_keys.run),
    ("purge_expired", purge_expired.run),
)


def run_due(now: datetime) -> bool:
    """Run every job once, unless another process is at it; tell whether it was us.

    A job that fails is logged and keeps no other from running.
    """
    with try_exclusive(db.engine, _LOCK) as alone:
        if not alone:
            return False
        for name, job in _JOBS:
            _run(name, job, now)
    return True


def deliver(now: datetime) -> bool:
    """Send the logout tokens that are due; tell whether that went without a failure of our own."""
    return _run("deliver_logout", deliver_logout.run, now)


def _run(name: str, job: Callable[[datetime], Any], now: datetime) -> bool:
    try:
        result = job(now)
    except Exception:  # noqa: BLE001 - no failure of one job may end the others
        db.session.rollback()
        _log.exception("job.failed", job=name)
        return False
    finally:
        db.session.remove()
    if result:
        _log.info("job.done", job=name, result=dict(result) if isinstance(result, dict) else result)
    return True
