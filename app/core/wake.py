"""Bells between threads of one process: what was committed rings for whoever carries it on.

A bell is a hint and nothing more. Other processes do not hear it, so whoever waits looks by itself now and then.
"""

from threading import Event
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.db import db

_KEY = "signet.wake"
_bells: dict[str, Event] = {}


def bell(name: str) -> Event:
    """Return the bell called ``name``; who waits for it clears it before looking for work."""
    return _bells.setdefault(name, Event())


def ring_after_commit(name: str) -> None:
    """Ring once the current transaction is committed, and not at all if it is taken back."""
    db.session.info.setdefault(_KEY, set()).add(name)


@event.listens_for(Session, "after_commit")
def _committed(session: Any) -> None:
    for name in session.info.pop(_KEY, ()):
        bell(name).set()


@event.listens_for(Session, "after_rollback")
def _taken_back(session: Any) -> None:
    session.info.pop(_KEY, None)
