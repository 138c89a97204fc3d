"""Counted failures. Owned by ``app.throttle``."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class ThrottleCounter(Base):
    """How often something failed lately. ``key`` is a MAC of limit and subject: it names nobody."""

    __tablename__ = "throttle_counters"

    key: Mapped[str] = mapped_column(String(43), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(Instant)
    blocked_until: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "expires_at"),)
