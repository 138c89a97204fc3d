"""The thread in each worker that does the periodic work.

It may never die: an hour without a database must not leave a server that purges and rotates no more.
"""

from secrets import randbelow
from threading import Event, Thread

import structlog
from flask import Flask

from app.core import clock
from app.core.config import Settings
from app.core.context import Caller, set_caller
from app.jobs import schedule

_log = structlog.get_logger("signet.jobs")
_ACTOR = "jobs"


class Ticker:
    """The running thread; ``stop`` is for tests and orderly ends, the process may also just go."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._interval = settings.retention.purge_interval.total_seconds()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="signet-jobs", daemon=True)

    def start(self) -> None:
        """Begin to tick; the first time after a part of the interval that chance decides."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the job it is at."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        set_caller(Caller(actor=_ACTOR))
        # Workers that start together would ask together for ever.
        wait = self._interval * randbelow(1000) / 1000
        while not self._stopped.wait(wait):
            wait = self._interval
            try:
                with self._app.app_context():
                    schedule.run_due(clock.now())
            except Exception:  # noqa: BLE001 - it may never die
                _log.exception("jobs.failed")


def start(app: Flask, settings: Settings) -> Ticker | None:
    """Start the ticker of this worker, unless the settings leave the jobs to others."""
    if not settings.server.jobs:
        return None
    ticker = Ticker(app, settings)
    ticker.start()
    return ticker
