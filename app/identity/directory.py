"""The directory: finding people. Reads only; never cached, so that a change is in force at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select

from app.core.db import db
from app.core.errors import NotFoundError
from app.core.reading import Query
from app.identity import logins, person_columns
from app.identity.person import Person
from app.identity.person_columns import person_of
from app.identity.roles import ADMIN
from app.models.identity import User, UserRole

_T = person_columns.PEOPLE
_PEOPLE = select(*person_columns.COLUMNS)
# At most one row: a user name with an @ is its owner's own e-mail address.
_IS_CALLED = or_(_T.c.username_key == bindparam("key"), _T.c.email_key == bindparam("key"))
# Built once: building a statement costs more than running it.
_GET = Query(_PEOPLE.where(_T.c.id == bindparam("person")))
_FIND = Query(_PEOPLE.where(_IS_CALLED))
_CREDENTIALS = Query(
    select(_T.c.id, _T.c.password_hash, _T.c.password_changed_at, _T.c.disabled_at).where(
        _IS_CALLED
    )
)
_CHANGED_AT = Query(select(_T.c.password_changed_at).where(_T.c.id == bindparam("person")))


@dataclass(frozen=True)
class Credentials:
    """What sign-in needs to know. ``password_hash`` is ``None`` where no password can be right."""

    user_id: str
    password_hash: str | None = field(repr=False)
    password_changed_at: datetime | None


def get(user_id: str) -> Person | None:
    """Return the person with this id, disabled or not."""
    return _one(_GET, {"person": user_id})


def find(login: str) -> Person | None:
    """Return the person with this user name or e-mail address, disabled or not."""
    key = logins.key_of(login)
    return None if key is None else _one(_FIND, {"key": key})


def lookup(ref: str) -> Person:
    """Return the person with this id, user name or e-mail address.

    Raises:
        NotFoundError: there is none.
    """
    person = (get(ref) if ref.isprintable() else None) or find(ref)
    if person is None:
        raise NotFoundError("There is no such user.")
    return person


def credentials(login: str) -> Credentials | None:
    """Return what proves the person with this login; for sign-in alone.

    Of a disabled person the hash stays here: then no password is the right one.
    """
    key = logins.key_of(login)
    if key is None:
        return None
    row = _CREDENTIALS.first({"key": key})
    if row is None:
        return None
    password_hash = row.password_hash if row.disabled_at is None else None
    return Credentials(row.id, password_hash, row.password_changed_at)


def password_changed_at(user_id: str) -> datetime | None:
    """Return since when a person has the password they have; ``None`` if they have none."""
    row = _CHANGED_AT.first({"person": user_id})
    return None if row is None else row.password_changed_at


def page(*, after: str | None, limit: int, search: str | None = None) -> list[Person]:
    """Return up to ``limit`` people by user name, those after the person with the id ``after``.

    ``search`` is part of a user name, an e-mail address or a name.
    """
    query = _PEOPLE.order_by(User.username_key).limit(limit)
    if after is not None:
        last = select(User.username_key).where(User.id == after).scalar_subquery()
        query = query.where(User.username_key > last)
    if search:
        if not search.isprintable():
            return []
        key = logins.fold(search.strip())
        query = query.where(
            or_(
                User.username_key.contains(key, autoescape=True),
                User.email_key.contains(key, autoescape=True),
                User.name.icontains(search.strip(), autoescape=True),
            )
        )
    return [person_of(row) for row in db.session.execute(query)]


def count() -> int:
    """Return how many accounts there are."""
    return db.session.scalar(select(func.count()).select_from(User)) or 0


def any_admin() -> bool:
    """Tell whether there is an administrator, disabled or not: set-up is over with the first."""
    query = select(UserRole.user_id).where(UserRole.role == ADMIN).limit(1)
    return db.session.execute(query).first() is not None


def names(user_ids: Iterable[str]) -> dict[str, str]:
    """Return the user names of these people: id -> user name."""
    query = select(User.id, User.username).where(User.id.in_(list(user_ids)))
    return {row.id: row.username for row in db.session.execute(query)}


def _one(query: Query, values: dict[str, str]) -> Person | None:
    row = query.first(values)
    return None if row is None else person_of(row)
