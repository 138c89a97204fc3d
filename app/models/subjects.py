"""Names of people towards one sector, unlinkable to those elsewhere. Owned by ``app.tokens``."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class PairwiseSubject(Base):
    """What one sector calls a person: drawn at random once, and kept as long as the person."""

    __tablename__ = "pairwise_subjects"

    sector: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    subject: Mapped[str] = mapped_column(String(22), unique=True)

    __table_args__ = (Index(None, "user_id"),)
