"""Secrets that we must be able to compute with: those of ``client_secret_jwt``, sealed at rest.

Specs:
    OpenID Connect Core 1.0 sections 9, 10.1    the key of the MAC is the secret itself, in UTF-8
    ASVS 5.0 13.3.1                             secrets of the backend are not stored in the clear

A digest cannot verify a MAC. A thief of the database alone still has nothing: the root keys are
elsewhere.
"""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import or_, select, update

from app.clients.client import CLIENT_SECRET_JWT, Client
from app.core import root_key
from app.core.db import db, table_of
from app.core.root_key import SealBrokenError
from app.models.clients import ClientSecret

_log = structlog.get_logger("signet.clients")
_PURPOSE = "client-secret"
_TABLE = table_of(ClientSecret)
_T = _TABLE.c


def columns(secret: str, secret_id: str) -> dict[str, Any]:
    """Return the columns that hold ``secret`` sealed, for the row ``secret_id``."""
    key_id, sealed = root_key.current().seal(_PURPOSE, secret.encode(), about=secret_id)
    return {"sealed": sealed, "root_key_id": key_id}


def hmac_keys(client: Client, *, now: datetime) -> tuple[bytes, ...]:
    """Return the living secrets of ``client`` as keys, the newest first; () unless it makes MACs.

    One that does not open, because its root key is gone, is left out and logged: it proves nothing.
    """
    if client.token_endpoint_auth_method != CLIENT_SECRET_JWT:
        return ()
    rows = db.session.execute(
        select(_T.id, _T.sealed, _T.root_key_id)
        .where(
            _T.client_id == client.client_id,
            _T.sealed.is_not(None),
            or_(_T.expires_at.is_(None), _T.expires_at > now),
        )
        .order_by(_T.created_at.desc(), _T.id)
    )
    keys = []
    for secret_id, sealed, key_id in rows:
        try:
            keys.append(_open(sealed, key_id=key_id, secret_id=secret_id))
        except SealBrokenError as error:
            _log.error("client_secret.unreadable", client_id=client.client_id, reason=error.detail)
    return tuple(keys)


def forget(client_id: str) -> None:
    """Keep the digests of a client's secrets alone: it sends them from now on."""
    statement = update(_TABLE).where(_T.client_id == client_id, _T.sealed.is_not(None))
    db.session.execute(statement.values(sealed=None, root_key_id=None))


def seal_anew(*, now: datetime) -> int:
    """Seal under the newest root key what an older one sealed; return how many secrets that were.

    After that no client needs the older root key. Secrets that are over are left as they are.

    Raises:
        SealBrokenError: a root key is not present; nothing may be changed then.
    """
    rows = db.session.execute(
        select(_T.id, _T.sealed, _T.root_key_id).where(
            _T.sealed.is_not(None),
            _T.root_key_id != root_key.current().current.key_id,
            or_(_T.expires_at.is_(None), _T.expires_at > now),
        )
    ).all()
    for secret_id, sealed, key_id in rows:
        secret = _open(sealed, key_id=key_id, secret_id=secret_id).decode()
        statement = update(_TABLE).where(_T.id == secret_id)
        db.session.execute(statement.values(**columns(secret, secret_id)))
    return len(rows)


def _open(sealed: bytes, *, key_id: str, secret_id: str) -> bytes:
    return root_key.current().unseal(_PURPOSE, sealed, key_id=key_id, about=secret_id)
