"""What a client calls a person.

Specs:
    OpenID Connect Core 1.0 section 2      sub: never reassigned, at most 255 ASCII characters
    OpenID Connect Core 1.0 section 8      subject types
    OpenID Connect Core 1.0 section 8.1    pairwise: clients of one sector know the same name, others another
    RFC 9068 section 2.2                   a client acting for itself is its own subject

A pairwise name is drawn at random and kept, not computed: it has to outlive every root key. A client that moves
to another sector knows everybody by new names.
"""

import re

from sqlalchemy import bindparam, select

from app.clients.client import PAIRWISE
from app.clients.registry import Client
from app.core.db import db, insert_ignore, table_of
from app.core.reading import Query
from app.core.secrets import new_id
from app.models.subjects import PairwiseSubject

_FORM = re.compile(r"[A-Za-z0-9_-]{22}")
# Built once: building a statement costs more than running it.
_T = table_of(PairwiseSubject).c
_SUBJECT = Query(
    select(_T.subject).where(_T.sector == bindparam("of"), _T.user_id == bindparam("person"))
)
_PERSON = Query(
    select(_T.user_id).where(_T.subject == bindparam("name"), _T.sector == bindparam("of"))
)


def subject(client: Client, user_id: str | None) -> str:
    """Return ``sub`` of ``user_id`` towards ``client``."""
    if user_id is None:
        return client.client_id
    if client.subject_type != PAIRWISE:
        return user_id
    asked = {"of": client.sector, "person": user_id}
    row = _SUBJECT.first(asked)
    if row is None:
        # The client became pairwise, or moved to another sector, after the person signed in.
        settle(client, user_id)
        row = _SUBJECT.first(asked)
    return str(row[0])


def settle(client: Client, user_id: str) -> None:
    """Make sure that the person has a name towards the sector of ``client``, if it needs one.

    Of many who settle at once one draws the name; the others wait for it, and read it.
    """
    if client.subject_type == PAIRWISE:
        values = {"sector": client.sector, "user_id": user_id, "subject": new_id()}
        db.session.execute(insert_ignore(PairwiseSubject).values(values))


def user_of(client: Client, subject: str) -> str | None:
    """Return the person whom ``client`` calls ``subject``, or ``None``. Any text is safe."""
    if client.subject_type != PAIRWISE:
        return subject
    if _FORM.fullmatch(subject) is None:
        return None
    row = _PERSON.first({"name": subject, "of": client.sector})
    return None if row is None else str(row[0])
