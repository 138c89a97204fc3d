"""Signing keys. Owned by ``app.jose``."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class SigningKey(Base):
    """One signing key. Its state is a function of these instants and the present, so no job has to flip it.

    Announced until ``activates_at``; active until ``retires_at``; published until ``gone_at``.
    """

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    algorithm: Mapped[str] = mapped_column(String(8))
    public_jwk: Mapped[dict[str, Any]]
    # PKCS#8, sealed by the root key that root_key_id names, with the kid as associated data.
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    root_key_id: Mapped[str] = mapped_column(String(16))
    announced_at: Mapped[datetime] = mapped_column(Instant)
    activates_at: Mapped[datetime] = mapped_column(Instant)
    retires_at: Mapped[datetime | None] = mapped_column(Instant)
    gone_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index(None, "algorithm", "activates_at"),)
