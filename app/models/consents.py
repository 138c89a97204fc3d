"""What a person has allowed a client, remembered. Owned by ``app.protocol``."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class Consent(Base):
    """The scopes and APIs that one person allowed one client. ``granted_at`` is the last time they were asked."""

    __tablename__ = "consents"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True
    )
    scope: Mapped[str] = mapped_column(Text)
    # Scopes mean something at one API alone, so they are remembered beside it: identifier -> scopes.
    resources: Mapped[dict[str, Any]] = mapped_column(default=dict)
    granted_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "client_id"),)
