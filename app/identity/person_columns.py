"""The columns that describe a person, for every statement that reads one, and the way back to a value."""

from typing import Any

from sqlalchemy import func, literal_column, select

from app.core.db import table_of
from app.identity.person import Person
from app.models.identity import User, UserRole

PEOPLE = table_of(User)
_USER = PEOPLE.c
_ROLE = table_of(UserRole).c
# In the text of the statement: as a parameter of its own kind it would be put there anew each time.
_SPACE: Any = literal_column("' '")
_ROLES = (
    select(func.aggregate_strings(_ROLE.role, _SPACE))
    .where(_ROLE.user_id == _USER.id)
    .correlate(PEOPLE)
    .scalar_subquery()
    .label("roles")
)
COLUMNS = (
    _USER.id,
    _USER.username,
    _USER.email,
    _USER.email_verified,
    _USER.name,
    _USER.claims,
    _USER.disabled_at,
    _USER.created_at,
    _USER.updated_at,
    _ROLES,
)


def person_of(row: Any) -> Person:
    """Return the person that a row with :data:`COLUMNS` describes."""
    return Person(
        id=row.id,
        username=row.username,
        email=row.email,
        email_verified=row.email_verified,
        name=row.name,
        claims=row.claims or {},
        roles=tuple(sorted(row.roles.split())) if row.roles else (),
        disabled=row.disabled_at is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
