"""Whether a person may still be spoken for: a condition that other tables' statements can carry.

The token path asks it in the same statement that reads the grant, so disabling a person is in force
on the very next request on any worker, at the price of one primary-key look-up.
"""

from typing import Any

from sqlalchemy import ColumnElement, exists

from app.core.db import table_of
from app.models.identity import User


def is_active(user_id: Any) -> ColumnElement[bool]:
    """Return the condition that the person in column ``user_id`` exists and is not disabled."""
    people = table_of(User)
    return (
        exists()
        .where(people.c.id == user_id, people.c.disabled_at.is_(None))
        .correlate_except(people)
    )
