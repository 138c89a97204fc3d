"""What happened. Owned by ``app.audit``; rows are only ever added, and purged when old."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class AuditEvent(Base):
    """One event. No foreign keys: the record outlives what it speaks of."""

    __tablename__ = "audit_events"

    # SQLite only numbers a column of type INTEGER by itself.
    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str | None] = mapped_column(String(128))
    user_id: Mapped[str | None] = mapped_column(String(36))
    client_id: Mapped[str | None] = mapped_column(String(64))
    session_id: Mapped[str | None] = mapped_column(String(22))
    grant_id: Mapped[str | None] = mapped_column(String(22))
    address: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str | None] = mapped_column(String(64))
    reference: Mapped[str | None] = mapped_column(String(16))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index(None, "at"),
        Index(None, "user_id", "id"),
        Index(None, "client_id", "id"),
        Index(None, "kind", "id"),
    )
