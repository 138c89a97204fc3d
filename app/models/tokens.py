"""Grants, and the few access tokens that were revoked before their time. Owned by ``app.tokens``."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class Grant(Base):
    """The one row of a sign-in at one client. Code and refresh tokens are derived from it, never stored.

    ``generation`` is the number of the one refresh token that is alive; 0 until the code is redeemed.
    """

    __tablename__ = "grants"

    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"))
    session_id: Mapped[str] = mapped_column(String(22))
    scope: Mapped[str] = mapped_column(Text)
    # The audience: identifiers of registered APIs and our userinfo endpoint, separated by spaces.
    resources: Mapped[str] = mapped_column(Text, default="")
    # Whether it outlives its session (offline_access, OpenID Connect Core 1.0 section 11).
    offline: Mapped[bool] = mapped_column(default=False)
    nonce: Mapped[str | None] = mapped_column(Text)
    # The claims parameter (OpenID Connect Core 1.0 section 5.5) as canonical JSON.
    claims: Mapped[str | None] = mapped_column(Text)
    # Whether a device asked for it (RFC 8628): no code of it ever travels through a browser.
    device: Mapped[bool] = mapped_column(default=False)
    redirect_uri: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str | None] = mapped_column(String(128))
    auth_time: Mapped[datetime] = mapped_column(Instant)
    acr: Mapped[str] = mapped_column(String(64))
    amr: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(Instant)
    code_expires_at: Mapped[datetime] = mapped_column(Instant)
    redeemed_at: Mapped[datetime | None] = mapped_column(Instant)
    generation: Mapped[int] = mapped_column(default=0)
    rotated_at: Mapped[datetime | None] = mapped_column(Instant)
    # When the grant is over: the code's end, then the access token's or the refresh token's idle end.
    expires_at: Mapped[datetime] = mapped_column(Instant)
    # The absolute end, which no refresh moves.
    ends_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_reason: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index(None, "user_id", "client_id"),
        Index(None, "client_id"),
        Index(None, "session_id"),
        Index(None, "expires_at"),
    )


class DeniedToken(Base):
    """An access token revoked on its own, by its ``jti``, until it would have expired anyway."""

    __tablename__ = "denied_tokens"

    jti: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "expires_at"),)
