"""``signet serve`` whose processes kill themselves at a chosen point. Run as a program of its own.

A request chooses by the header ``Dies``: its worker is killed as by ``kill -9``, at

    minted      the tokens are signed, nothing is spent yet
    spent       the row is changed, not committed
    committed   the change is durable, the answer not begun

A start chooses by the variable ``MORTAL_STEP``: the process is killed at that step of all that it makes
durable, counted from 1, just before and just after each.
"""

import os
import signal
import sys
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine.default import DefaultDialect

from app import factory
from app.cli import supervisor
from app.cli.main import main
from app.cli.supervisor import Post, Supervisor
from app.core import sqlite_writers
from app.core.db import db
from app.core.writing import Change

HEADER = "Dies"
_VARIABLE = "HTTP_DIES"
STEP_VARIABLE = "MORTAL_STEP"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_point: ContextVar[str | None] = ContextVar("point", default=None)


def _dies_at(point: str) -> bool:
    return _point.get() == point


def _kill_requests() -> None:
    """Arm every application that a worker makes."""
    create = factory.create_app

    def create_mortal(*arguments: Any, **options: Any) -> Flask:
        app = create(*arguments, **options)
        with app.app_context():
            event.listen(db.engine, "before_cursor_execute", _statement)
        event.listen(db.session, "before_commit", lambda _: _dies_at("spent") and _die())
        event.listen(db.session, "after_commit", lambda _: _dies_at("committed") and _die())
        inner = app.wsgi_app

        def choosing(environ: dict[str, Any], start_response: Any) -> Any:
            _point.set(environ.get(_VARIABLE))
            return inner(environ, start_response)

        app.wsgi_app = choosing  # type: ignore[method-assign]
        return app

    change, commit = Change.on, sqlite_writers.Connection.commit

    def _change(self: Change, connection: Any, prepared: Any, values: Any) -> Any:
        # PostgreSQL commits a single statement as it changes the row: before it nothing is spent.
        if _dies_at("minted") or (_dies_at("spent") and not prepared.is_sqlite):
            _die()
        changed = change(self, connection, prepared, values)
        if _dies_at("committed"):
            _die()
        return changed

    def _commit(self: sqlite_writers.Connection) -> None:
        if _dies_at("spent"):
            _die()
        commit(self)

    def _statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE grants") and _dies_at("minted"):
            _die()

    factory.create_app = create_mortal
    Change.on = _change  # type: ignore[method-assign]
    sqlite_writers.Connection.commit = _commit  # type: ignore[method-assign]
    # A worker that dies young is replaced after a rest; here that is what is asked for.
    supervisor._SHORT_LIFE = 0.0


def _kill_start(last: int) -> None:
    """Arm the first worker: it dies at step ``last`` of what it makes durable, before there is another."""
    steps = count(1)

    def step() -> None:
        if next(steps) == last:
            _die()

    rename, commit = Path.rename, DefaultDialect.do_commit

    def mortal_rename(self: Path, target: Any) -> Path:
        step()
        renamed = rename(self, target)
        step()
        return renamed

    def mortal_commit(self: Any, connection: Any) -> None:
        step()
        commit(self, connection)
        step()

    Path.rename = mortal_rename  # type: ignore[method-assign]
    DefaultDialect.do_commit = mortal_commit  # type: ignore[method-assign]
    multiply = Supervisor.multiply

    def disarm_and_multiply(self: Supervisor, post: Post) -> int:
        # The start is over; from here on it is a worker.
        Path.rename = rename  # type: ignore[method-assign]
        DefaultDialect.do_commit = commit  # type: ignore[method-assign]
        return multiply(self, post)

    Supervisor.multiply = disarm_and_multiply  # type: ignore[method-assign]


if __name__ == "__main__":
    _kill_requests()
    if chosen := os.environ.pop(STEP_VARIABLE, None):
        _kill_start(int(chosen))
    sys.exit(main(sys.argv[1:]))
