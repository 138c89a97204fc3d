"""Which browser origins any client registered: all that a CORS preflight can be asked.

Specs:
    Fetch Standard section 3.3.5    a preflight names an origin and no client

The set is read as a whole and kept for less than a second, so a flood of preflights from invented
origins costs the database one statement a second.
"""

from sqlalchemy import String, cast, select

from app.clients import recent
from app.core.db import db
from app.models.clients import Client

_NOUN = "origins"
_ALL = "all"
_EMPTY = "[]"


def is_allowed(origin: str) -> bool:
    """Tell whether an enabled client registered ``origin``, at most 0.9 seconds ago."""
    cache: recent.Recent[frozenset[str]] = recent.of(_NOUN)
    allowed = cache.get(_ALL, _read)
    return allowed is not None and origin in allowed


def _read(_: str) -> frozenset[str]:
    # Compared as text: PostgreSQL has no equality for JSON. Few clients run in a browser, so few
    # rows are sent.
    rows = db.session.scalars(
        select(Client.allowed_origins).where(
            Client.disabled_at.is_(None), cast(Client.allowed_origins, String) != _EMPTY
        )
    )
    return frozenset(origin for origins in rows for origin in origins)
