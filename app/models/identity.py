"""People, their roles and their sessions. Owned by ``app.identity``."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class User(Base):
    """A person. ``id`` is the subject (``sub``), never reused; the ``_key`` columns are folded for comparison."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    username: Mapped[str] = mapped_column(String(128))
    username_key: Mapped[str] = mapped_column(String(256), unique=True)
    email: Mapped[str | None] = mapped_column(String(320))
    email_key: Mapped[str | None] = mapped_column(String(640), unique=True)
    email_verified: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str | None] = mapped_column(Text)
    # Further claims by their registered names (OpenID Connect Core 1.0 section 5.1), and the operator's own.
    claims: Mapped[dict[str, Any]] = mapped_column(default=dict)
    password_hash: Mapped[str | None] = mapped_column(Text)
    password_changed_at: Mapped[datetime | None] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class UserRole(Base):
    """That a person has a role. ``admin`` is the one that Signet itself asks for."""

    __tablename__ = "user_roles"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(String(64), primary_key=True)

    __table_args__ = (Index(None, "role"),)


class UserSession(Base):
    """A browser that is signed in. ``id`` is its name for good, ``cookie_id`` what the cookie is made of now.

    The cookie is ``cookie_id`` and a MAC; this row holds neither cookie nor hash.
    """

    __tablename__ = "user_sessions"

    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    cookie_id: Mapped[str] = mapped_column(String(22), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    auth_time: Mapped[datetime] = mapped_column(Instant)
    acr: Mapped[str] = mapped_column(String(64))
    amr: Mapped[str] = mapped_column(String(128))
    address: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(256))
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    end_reason: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index(None, "user_id"),
        Index(None, "expires_at"),
        Index(None, "ended_at"),
        # The order of the console's list.
        Index(None, "created_at", "id"),
    )
