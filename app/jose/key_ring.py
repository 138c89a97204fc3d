"""The signing keys as this process knows them: parsed once, never older than a second.

Specs:
    RFC 7638 section 3   a kid is the thumbprint of its key

A row is believed only if its kid is the thumbprint of its public key and its sealed half was bound
to that kid by a root key of ours. So whoever can write to the table, but has no root key, cannot
have a key of their own published, nor a token of their own accepted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from joserfc.errors import JoseError
from sqlalchemy import Engine, select

from app.core import root_key
from app.core.db import db
from app.core.root_key import SealBrokenError
from app.jose.algorithms import (
    ALGORITHMS,
    Algorithm,
    Key,
    from_der,
    public_jwk,
    public_key,
    thumbprint,
)
from app.models.keys import SigningKey as Row

SEAL_PURPOSE = "signing-key"
# One thread refreshes after the first of these ages (seconds) while the others go on; past the
# second nobody uses what may be stale. No thread ever waits for another: the one that reads may be
# waiting for a database connection that the waiting ones hold.
_REFRESH_AFTER = 0.6
_REFRESH_AT_THE_LATEST = 0.9

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class HeldKey:
    """One key of the table, with its public half parsed."""

    kid: str
    algorithm: Algorithm
    public_jwk: dict[str, Any]
    public: Key = field(repr=False)
    root_key_id: str
    announced_at: datetime
    activates_at: datetime
    retires_at: datetime | None
    gone_at: datetime | None

    def state(self, now: datetime) -> str:
        """Return ``announced``, ``active``, ``retiring`` or ``gone``."""
        if self.gone_at is not None and self.gone_at <= now:
            return "gone"
        if now < self.activates_at:
            return "announced"
        if self.retires_at is None or now < self.retires_at:
            return "active"
        return "retiring"

    @property
    def was_withdrawn(self) -> bool:
        """Tell whether it was taken out of use at once, for fear that another has it."""
        return self.gone_at is not None and self.gone_at == self.retires_at


@dataclass(frozen=True)
class _Snapshot:
    read_at: float
    keys: tuple[HeldKey, ...] = ()
    by_kid: dict[str, HeldKey] = field(default_factory=dict)


_NOTHING = _Snapshot(float("-inf"))


class KeyRing:
    """The keys of one database."""

    def __init__(self) -> None:
        self._snapshot = _NOTHING
        self._private: dict[str, Key] = {}
        self._refused: set[str] = set()
        self._refreshing = Lock()

    def __iter__(self) -> Iterator[HeldKey]:
        return iter(self._snapshot.keys)

    def find(self, kid: str) -> HeldKey | None:
        """Return the key called ``kid``, whatever its state."""
        return self._snapshot.by_kid.get(kid)

    def active(self, algorithm: str, *, now: datetime) -> HeldKey | None:
        """Return the key that signs with ``algorithm``."""
        for key in self._snapshot.keys:
            if key.algorithm.name == algorithm and key.state(now) == "active":
                return key
        return None

    def private(self, kid: str) -> Key:
        """Return the private half of a key that is held, parsed at its first use.

        Raises:
            SealBrokenError: it does not open.
        """
        key = self._private.get(kid)
        if key is None:
            statement = select(Row.sealed, Row.root_key_id).where(Row.kid == kid)
            row = db.session.execute(statement).one()
            key = self._private[kid] = from_der(open_sealed(kid, row.sealed, row.root_key_id))
        return key

    def refresh(self) -> None:
        """Read the table again if what is known may be out of date."""
        age = monotonic() - self._snapshot.read_at
        if age < _REFRESH_AFTER:
            return
        if age >= _REFRESH_AT_THE_LATEST:
            self._read()
        elif self._refreshing.acquire(blocking=False):
            try:
                self._read()
            finally:
                self._refreshing.release()

    def forget(self) -> None:
        """Read the table again at the next use, whatever the age of what is known."""
        self._snapshot = _Snapshot(float("-inf"), self._snapshot.keys, self._snapshot.by_kid)

    def _read(self) -> None:
        started = monotonic()
        known = self._snapshot.by_kid
        statement = select(
            Row.kid, Row.algorithm, Row.root_key_id,
            Row.announced_at, Row.activates_at, Row.retires_at, Row.gone_at,
        ).order_by(Row.activates_at.desc(), Row.kid)  # fmt: skip
        keys = []
        for row in db.session.execute(statement):
            if row.algorithm not in ALGORITHMS:
                continue
            material = self._material(row.kid, ALGORITHMS[row.algorithm], known.get(row.kid))
            if material is not None:
                instants = (row.announced_at, row.activates_at, row.retires_at, row.gone_at)
                algorithm = ALGORITHMS[row.algorithm]
                keys.append(HeldKey(row.kid, algorithm, *material, row.root_key_id, *instants))
        self._private = {
            key.kid: self._private[key.kid] for key in keys if key.kid in self._private
        }
        if started >= self._snapshot.read_at:
            self._snapshot = _Snapshot(started, tuple(keys), {key.kid: key for key in keys})

    def _material(
        self, kid: str, algorithm: Algorithm, known: HeldKey | None
    ) -> tuple[dict[str, Any], Key] | None:
        if known is not None and known.algorithm is algorithm:
            return known.public_jwk, known.public
        row = db.session.execute(
            select(Row.public_jwk, Row.sealed, Row.root_key_id).where(Row.kid == kid)
        ).one_or_none()
        if row is None:
            return None
        try:
            public = _proven(kid, algorithm, row.public_jwk)
            open_sealed(kid, row.sealed, row.root_key_id)
        except (ValueError, JoseError, SealBrokenError) as error:
            self._report(kid, error)
            return None
        self._refused.discard(kid)
        return public_jwk(public, algorithm), public

    def _report(self, kid: str, error: Exception) -> None:
        # Once for a key, not with every reading of the table.
        if kid not in self._refused:
            self._refused.add(kid)
            _log.error("signing_key.refused", kid=kid, reason=str(error))


_rings: WeakKeyDictionary[Engine, KeyRing] = WeakKeyDictionary()


def current() -> KeyRing:
    """Return the keys of the running application's database, at most 0.9 seconds old."""
    engine = db.engine
    ring = _rings.get(engine)
    if ring is None:
        ring = _rings.setdefault(engine, KeyRing())
    ring.refresh()
    return ring


def forget() -> None:
    """Read the table at the next use: it was just changed by us."""
    ring = _rings.get(db.engine)
    if ring is not None:
        ring.forget()


def open_sealed(kid: str, sealed: bytes, root_key_id: str) -> bytes:
    """Return the PKCS#8 bytes of a row.

    Raises:
        SealBrokenError: no root key of ours sealed it for this ``kid``.
    """
    return root_key.current().unseal(SEAL_PURPOSE, sealed, key_id=root_key_id, about=kid)


def _proven(kid: str, algorithm: Algorithm, stored: dict[str, Any]) -> Key:
    public = public_key(algorithm, stored)
    if thumbprint(public) != kid or stored.get("alg") != algorithm.name:
        raise ValueError("the kid is not the thumbprint of the key")
    return public
