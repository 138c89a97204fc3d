"""Announce the next signing key in time, so that no operator has to remember it.

Specs:
    OpenID Connect Core 1.0 section 10.1.1    rotation of signing keys
"""

from datetime import datetime

from app.core.db import db
from app.jose import signing_keys


def run(now: datetime) -> bool:
    """Announce the successors that are due; tell whether there were any."""
    announced = signing_keys.rotate_due(now=now)
    db.session.commit()
    return announced
