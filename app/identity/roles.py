"""Roles: plain words that applications understand. Signet itself asks for ``admin`` alone."""

import re
from collections.abc import Iterable

from sqlalchemy import delete, insert, select

from app.core.db import db
from app.core.errors import InvalidInputError
from app.models.identity import UserRole

ADMIN = "admin"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}")
_MOST = 100


def of(user_id: str) -> tuple[str, ...]:
    """Return the roles of a person, in alphabetical order."""
    rows = db.session.scalars(
        select(UserRole.role).where(UserRole.user_id == user_id).order_by(UserRole.role)
    )
    return tuple(rows)


def checked(names: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` once each, in alphabetical order.

    Raises:
        InvalidInputError: one is not the name of a role, or there are more than tokens can carry.
    """
    wanted = tuple(sorted(set(names)))
    for name in wanted:
        if not _NAME.fullmatch(name):
            raise InvalidInputError(
                "A role is up to 64 letters, digits and . _ : / - without spaces.", field="roles"
            )
    if len(wanted) > _MOST:
        raise InvalidInputError(f"A person has at most {_MOST} roles.", field="roles")
    return wanted


def assign(user_id: str, names: tuple[str, ...]) -> None:
    """Give a person exactly the roles ``names``, checked before."""
    db.session.execute(delete(UserRole).where(UserRole.user_id == user_id))
    if names:
        rows = [{"user_id": user_id, "role": name} for name in names]
        db.session.execute(insert(UserRole), rows)
