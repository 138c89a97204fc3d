"""Whether a client may still be answered: a condition that other tables' statements can carry.

Client records may be cached for a moment; what is asked here never is.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select

from app.core.db import db
from app.models.clients import Client


def is_active(client_id: Any, issued_at: Any) -> ColumnElement[bool]:
    """Return the condition that a client is not disabled and what it got at ``issued_at`` is not void."""
    return (
        exists()
        .where(
            Client.client_id == client_id,
            Client.disabled_at.is_(None),
            or_(Client.revoked_before.is_(None), Client.revoked_before <= issued_at),
        )
        .correlate_except(Client)
    )


def is_active_now(client_id: str, *, issued_at: datetime) -> bool:
    """Tell whether a token that the client got for itself at ``issued_at`` still counts."""
    return bool(db.session.scalar(select(is_active(client_id, issued_at))))
