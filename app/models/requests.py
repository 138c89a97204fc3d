"""What a client said before a person came: pushed requests, and devices that wait. Owned by ``app.tokens``."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class PushedRequest(Base):
    """An authorization request that a client sent us directly; its handle is derived from ``id``."""

    __tablename__ = "pushed_requests"

    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"))
    # Pairs of name and value, as they came, without what the client authenticated with.
    parameters: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    spent_at: Mapped[datetime | None] = mapped_column(Instant)
    # Later than its end: a sign-in that began in time may still be under way.
    purge_after: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index(None, "client_id"), Index(None, "purge_after"))


class DeviceAuthorization(Base):
    """A device that waits for a person. ``user_code_key`` is a MAC: the code itself is not here."""

    __tablename__ = "device_authorizations"

    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    user_code_key: Mapped[str] = mapped_column(String(43), unique=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"))
    scope: Mapped[str] = mapped_column(Text)
    # Identifiers of registered APIs, separated by spaces.
    resources: Mapped[str] = mapped_column(Text, default="")
    acr_values: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    # Seconds between two polls; it grows when the device is too fast.
    interval: Mapped[int]
    polled_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    # What the person allowed; NULL beside ``decided_at`` means that they refused.
    grant_id: Mapped[str | None] = mapped_column(String(22))
    # Where the device asked from, to be shown to the person.
    address: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (Index(None, "client_id"), Index(None, "expires_at"))
