"""Counted failures, and values that were used. Owned by ``app.throttle``."""

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


class SingleUse(Base):
    """A value that may be used once, and was. ``key`` is a digest: it says neither what nor whose."""

    __tablename__ = "single_uses"

    key: Mapped[str] = mapped_column(String(43), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "expires_at"),)
