"""Whether a client may still be answered: a condition that other tables' statements can carry.

Client records may be cached for a moment; what is asked here never is.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, or_, select

from app.core.db import Instant, table_of
from app.core.reading import Query
from app.models.clients import Client


def is_active(client_id: Any, issued_at: Any) -> ColumnElement[bool]:
    """Return the condition that a client is not disabled and what it got at ``issued_at`` is not void."""
    known = table_of(Client)
    return (
        exists()
        .where(
            known.c.client_id == client_id,
            known.c.disabled_at.is_(None),
            or_(known.c.revoked_before.is_(None), known.c.revoked_before <= issued_at),
        )
        .correlate_except(known)
    )


_ACTIVE_NOW = Query(select(is_active(bindparam("client"), bindparam("issued_at", type_=Instant()))))


def is_active_now(client_id: str, *, issued_at: datetime) -> bool:
    """Tell whether a token that the client got for itself at ``issued_at`` still counts."""
    return bool(_ACTIVE_NOW.first({"client": client_id, "issued_at": issued_at})[0])


def wants_back_channel(client_id: Any) -> ColumnElement[bool]:
    """Return the condition that a client is not disabled and is to be told of a sign-out directly."""
    known = table_of(Client)
    return (
        exists()
        .where(
            known.c.client_id == client_id,
            known.c.disabled_at.is_(None),
            known.c.backchannel_logout_uri.is_not(None),
        )
        .correlate_except(known)
    )


def wants_front_channel(client_id: Any) -> ColumnElement[bool]:
    """Return the condition that a client is not disabled and is to be told of a sign-out in a frame."""
    known = table_of(Client)
    return (
        exists()
        .where(
            known.c.client_id == client_id,
            known.c.disabled_at.is_(None),
            known.c.frontchannel_logout_uri.is_not(None),
        )
        .correlate_except(known)
    )
