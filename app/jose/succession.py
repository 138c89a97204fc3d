"""How one signing key follows another.

Specs:
    OpenID Connect Core 1.0 section 10.1.1   rotation

Every function here expects to run inside :func:`alone`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from app.audit import events
from app.audit.events import Kind
from app.core import config, locks
from app.core.db import db
from app.jose import key_ring, key_table
from app.jose.algorithms import ALGORITHMS, Key

# A client or an API may be given a longer access token than the installation's setting, up to its
# maximum.
_LONGEST_OVERRIDE = timedelta(days=1)


@contextmanager
def alone() -> Iterator[None]:
    """Change keys with nobody else doing so, and commit before the next one may look."""
    with locks.exclusive(db.engine, "signing-keys"):
        try:
            yield
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        finally:
            key_ring.forget()


def first(name: str, *, now: datetime) -> None:
    """Make the key of an algorithm that has none signing, active at once."""
    # Another node's clock may be a little ahead of ours.
    present = now + config.current().keys.clock_skew
    if not any(life.activates_at <= present for life in key_table.lives(name, now=now)):
        _add(name, _generated(name), now=now, activates_at=now, kind=Kind.KEY_CREATED)


def announce(name: str, *, now: datetime, key: Key | None = None) -> str:
    """Announce the next key, a new one or ``key``; return the kid, or that of the one waiting."""
    lives = key_table.lives(name, now=now)
    waiting = next((life.kid for life in lives if life.activates_at > now), None)
    if waiting is not None:
        return waiting
    activates_at = now + notice() if lives else now
    for life in lives:
        key_table.retire(life.kid, at=activates_at, gone_at=activates_at + _afterlife())
    kind = Kind.KEY_ROTATED if key is None else Kind.KEY_IMPORTED
    return _add(name, key or _generated(name), now=now, activates_at=activates_at, kind=kind)


def replace_all(name: str, *, now: datetime) -> str:
    """Withdraw every key of the algorithm and make one that is active at once; return its kid."""
    key_table.withdraw_all(name, now=now)
    return _add(name, _generated(name), now=now, activates_at=now, kind=Kind.KEY_ROTATED)


def notice() -> timedelta:
    """Return how long a key is announced: every cached key set is renewed before it signs."""
    keys = config.current().keys
    return keys.jwks_max_age + keys.clock_skew


def _afterlife() -> timedelta:
    settings = config.current()
    tokens = settings.tokens
    longest = max(tokens.access_token_lifetime, tokens.id_token_lifetime, _LONGEST_OVERRIDE)
    return longest + settings.keys.clock_skew


def _generated(name: str) -> Key:
    return ALGORITHMS[name].generate(rsa_bits=config.current().keys.rsa_bits)


def _add(name: str, key: Key, *, now: datetime, activates_at: datetime, kind: Kind) -> str:
    kid = key_table.add(key, ALGORITHMS[name], now=now, activates_at=activates_at)
    detail = {"kid": kid, "algorithm": name, "activates_at": activates_at.isoformat()}
    events.record(kind, now=now, detail=detail)
    return kid
