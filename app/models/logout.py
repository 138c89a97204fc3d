"""Which clients a session signed in to, and the news of its end to them. Owned by ``app.tokens``."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class SessionClient(Base):
    """A client that wants to hear when this session ends. Grants cannot tell: they are gone sooner."""

    __tablename__ = "session_clients"

    session_id: Mapped[str] = mapped_column(
        ForeignKey("user_sessions.id", ondelete="CASCADE"), primary_key=True
    )
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(String(36))
    since: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "client_id"),)


class LogoutDelivery(Base):
    """One logout token that is to be sent, or was. ``due_at`` is also the lease of who sends it."""

    __tablename__ = "logout_deliveries"

    # No reference to the session: its row may be purged before the last attempt.
    session_id: Mapped[str] = mapped_column(String(22), primary_key=True)
    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(String(36))
    created_at: Mapped[datetime] = mapped_column(Instant)
    # NULL once it is settled.
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[str | None] = mapped_column(String(32))
    # The HTTP status of the last answer.
    status: Mapped[int | None]

    __table_args__ = (Index(None, "client_id"), Index(None, "due_at"), Index(None, "settled_at"))
