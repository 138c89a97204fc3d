"""Clients that registered themselves and that nobody ever used are deleted.

Specs:
    RFC 7591 section 5    many may register; what is abandoned goes

A use is noted whenever a client gets a token, and one is enough for good: somebody may hold a
refresh token for years without any other trace of it.
"""

from datetime import datetime

from sqlalchemy import delete, select

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import lookup
from app.core import config
from app.core.db import affected, db
from app.models.clients import Client as ClientRow


def purge(now: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` such clients; return how many."""
    oldest = now - config.current().registration.unused_lifetime
    is_unused = (
        ClientRow.is_dynamic,
        ClientRow.last_used_at.is_(None),
        ClientRow.created_at < oldest,
    )
    doomed = select(ClientRow.client_id, ClientRow.client_name).where(*is_unused).limit(batch)
    count = 0
    for client_id, name in db.session.execute(doomed).all():
        lookup.changing(client_id)
        # Asked again: it may have been used a moment ago.
        if affected(delete(ClientRow).where(ClientRow.client_id == client_id, *is_unused)):
            about = Subjects(client_id=client_id)
            events.record(Kind.CLIENT_REAPED, now=now, about=about, detail={"client_name": name})
            count += 1
    return count
