"""The threads in each worker that do the periodic work: one for all that can wait, one for logout tokens.

They may never die: an hour without a database must not leave a server that purges and rotates no more.
"""

from collections.abc import Callable
from secrets import randbelow
from threading import Event, Thread

import structlog
from flask import Flask

from app.core import clock, wake
from app.core.config import Settings
from app.core.context import Caller, set_caller
from app.jobs import schedule
from app.tokens import logout_deliveries

_log = structlog.get_logger("signet.jobs")
_ACTOR = "jobs"
# Without a database there is nothing to send: then look more rarely, in seconds, and say so less often.
_LONGEST_PAUSE = 60.0


class Ticker:
    """The running threads; ``stop`` is for tests and orderly ends, the process may also just go."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._interval = settings.retention.purge_interval.total_seconds()
        self._pause = settings.logout.delivery_interval.total_seconds()
        self._stopped = Event()
        self._bell = wake.bell(logout_deliveries.BELL)
        self._threads = [Thread(target=self._tick, name="signet-jobs", daemon=True)]
        if settings.logout.back_channel:
            self._threads.append(Thread(target=self._deliver, name="signet-logout", daemon=True))

    def start(self) -> None:
        """Begin to tick; the first time after a part of the interval that chance decides."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the threads, after the job they are at."""
        self._stopped.set()
        self._bell.set()
        for thread in self._threads:
            thread.join()
        # It rang for them alone, and whoever looked away at that moment has not heard it.
        self._bell.clear()

    def _tick(self) -> None:
        set_caller(Caller(actor=_ACTOR))
        # Workers that start together would ask together for ever.
        wait = self._interval * randbelow(1000) / 1000
        while not self._stopped.wait(wait):
            wait = self._interval
            self._survived(lambda: schedule.run_due(clock.now()))

    def _deliver(self) -> None:
        set_caller(Caller(actor=_ACTOR))
        pause = self._pause
        while not self._stopped.is_set():
            self._bell.wait(pause * (0.5 + randbelow(1000) / 1000))
            self._bell.clear()
            if self._stopped.is_set():
                return
            went_well = self._survived(lambda: schedule.deliver(clock.now()))
            pause = self._pause if went_well else min(pause * 2, _LONGEST_PAUSE)

    def _survived(self, work: Callable[[], bool]) -> bool:
        try:
            with self._app.app_context():
                return work()
        except Exception:  # noqa: BLE001 - it may never die
            _log.exception("jobs.failed")
            return False


def start(app: Flask, settings: Settings) -> Ticker | None:
    """Start the ticker of this worker, unless the settings leave the jobs to others."""
    if not settings.server.jobs:
        return None
    ticker = Ticker(app, settings)
    ticker.start()
    return ticker
