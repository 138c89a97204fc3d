"""The rows of signing keys: how one is written, ended and sealed anew.

The callers hold the lock of the installation; here is only what changes in the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import insert, or_, select, update

from app.core import root_key
from app.core.db import db
from app.core.root_key import SealBrokenError
from app.jose.algorithms import Algorithm, Key, public_jwk, thumbprint, to_der
from app.jose.key_ring import SEAL_PURPOSE, open_sealed
from app.models.keys import SigningKey as Row

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Life:
    """The instants of a row."""

    kid: str
    activates_at: datetime
    retires_at: datetime | None


def lives(algorithm: str, *, now: datetime) -> list[Life]:
    """Return the keys of ``algorithm`` that sign now or will, the next to hand over first."""
    statement = (
        select(Row.kid, Row.activates_at, Row.retires_at)
        .where(
            Row.algorithm == algorithm,
            or_(Row.retires_at.is_(None), Row.retires_at > now),
            or_(Row.gone_at.is_(None), Row.gone_at > now),
        )
        .order_by(Row.activates_at, Row.kid)
    )
    return [Life(*row) for row in db.session.execute(statement)]


def exists(kid: str) -> bool:
    """Tell whether the key was ever here, and is not purged."""
    return db.session.execute(select(Row.kid).where(Row.kid == kid)).first() is not None


def add(key: Key, algorithm: Algorithm, *, now: datetime, activates_at: datetime) -> str:
    """Write a new key, announced ``now``; return its kid."""
    kid = thumbprint(key)
    root_key_id, sealed = root_key.current().seal(SEAL_PURPOSE, to_der(key), about=kid)
    values: dict[str, Any] = {
        "kid": kid,
        "algorithm": algorithm.name,
        "public_jwk": public_jwk(key, algorithm),
        "sealed": sealed,
        "root_key_id": root_key_id,
        "announced_at": now,
        "activates_at": activates_at,
    }
    db.session.execute(insert(Row).values(values))
    return kid


def retire(kid: str, *, at: datetime, gone_at: datetime) -> None:
    """Let a key sign until ``at`` and be published until ``gone_at``."""
    statement = update(Row).where(Row.kid == kid).values(retires_at=at, gone_at=gone_at)
    db.session.execute(statement)


def withdraw_all(algorithm: str, *, now: datetime) -> None:
    """End every key of ``algorithm`` at once: it signs no more and is published no more."""
    alive = or_(Row.gone_at.is_(None), Row.gone_at > now)
    statement = update(Row).where(Row.algorithm == algorithm, alive)
    db.session.execute(statement.values(retires_at=now, gone_at=now))


def seal_anew(*, now: datetime) -> Sequence[str]:
    """Seal under the newest root key what an older one sealed; return the kids.

    Raises:
        SealBrokenError: a key that has still to sign does not open. One that signs no more is
            passed over with a line in the log; its tokens are refused.
    """
    statement = select(Row.kid, Row.sealed, Row.root_key_id, Row.retires_at).where(
        or_(Row.gone_at.is_(None), Row.gone_at > now)
    )
    newest = root_key.current().current.key_id
    changed = []
    for row in db.session.execute(statement).all():
        try:
            opened = open_sealed(row.kid, row.sealed, row.root_key_id)
        except SealBrokenError as error:
            if row.retires_at is None or row.retires_at > now:
                raise
            _log.error("signing_key.refused", kid=row.kid, reason=str(error))
            continue
        if row.root_key_id != newest:
            root_key_id, sealed = root_key.current().seal(SEAL_PURPOSE, opened, about=row.kid)
            values = {"sealed": sealed, "root_key_id": root_key_id}
            db.session.execute(update(Row).where(Row.kid == row.kid).values(values))
            changed.append(row.kid)
    return changed
