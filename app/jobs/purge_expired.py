"""Delete what is over, each batch in a transaction of its own."""

from collections import Counter
from datetime import datetime

from app.core.db import db
from app.tokens import retention


def run(now: datetime) -> Counter[str]:
    """Purge everything that is over at ``now``; return how many rows of each kind."""
    deleted: Counter[str] = Counter()
    for kind, count in retention.purge(now=now):
        db.session.commit()
        deleted[kind] += count
    return +deleted
