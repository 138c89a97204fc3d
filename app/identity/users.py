"""Users: making accounts and changing them.

Specs:
    OpenID Connect Core 1.0 section 5.7    a subject is never given to somebody else
    ASVS 5.0 6.3.2                         no account and no password that was not chosen here

A name is taken by the database, not by a look beforehand: of two that race for it, one gets it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core import config
from app.core.db import affected, db, insert_ignore
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.identity import logins, passwords, roles
from app.identity.claims import checked as checked_claims
from app.identity.directory import (
    any_admin,
    count,
    find,
    get,
    lookup,
    page,
    password_changed_at,
)
from app.identity.person import UNCHANGED, Changes, NewUser, Person, Unchanged
from app.identity.roles import ADMIN
from app.models.identity import User

__all__ = [
    "ADMIN", "UNCHANGED", "Changes", "NewUser", "Person", "any_admin", "count", "create",
    "create_first_admin", "disable", "enable", "find", "get", "lookup", "page",
    "password_changed_at", "set_password", "update",
]  # fmt: skip

# What even an operator's choice is held to; people who choose for themselves are held to the
# setting.
PASSWORD_FLOOR = 8
_LONGEST_NAME = 256


def create(new: NewUser, *, now: datetime) -> Person:
    """Make an account.

    Raises:
        InvalidInputError: a value is not acceptable; ``field`` names it.
        ConflictError: the user name or the e-mail address is taken.
        UnavailableError: too many passwords are being hashed.
    """
    return _insert(_row_of(new, now), roles.checked(new.roles), now=now)


def create_first_admin(new: NewUser, *, now: datetime) -> Person:
    """Make the first administrator, once in the life of an installation.

    Raises:
        ConflictError: there is an administrator already, or the name is taken.
    """
    row = _row_of(new, now)
    _exclude_other_admins()
    if any_admin():
        raise ConflictError("There is an administrator already.")
    person = _insert(row, roles.checked((*new.roles, ADMIN)), now=now)
    events.record(Kind.SET_UP, now=now, about=Subjects(user_id=person.id))
    return person


def update(user_id: str, changes: Changes, *, now: datetime) -> Person:
    """Change what is known about a person, and return them as they are now.

    A new e-mail address is unverified unless the change says otherwise. A user name that is the
    e-mail address follows it.

    Raises:
        NotFoundError: there is no such person.
        InvalidInputError: a value is not acceptable; ``field`` names it.
        ConflictError: the e-mail address is somebody else's.
    """
    old = get(user_id)
    if old is None:
        raise NotFoundError("There is no such user.")
    values: dict[str, Any] = {"updated_at": now}
    if not isinstance(changes.name, Unchanged):
        values["name"] = _name(changes.name)
    if not isinstance(changes.claims, Unchanged):
        values["claims"] = checked_claims(changes.claims)
    if not isinstance(changes.email_verified, Unchanged):
        values["email_verified"] = changes.email_verified
    wanted = None if isinstance(changes.roles, Unchanged) else roles.checked(changes.roles)
    address = _new_address(old, changes)
    # First what cannot fail: it takes the row, and on SQLite the one lock that writers share.
    affected(sqlalchemy.update(User).where(User.id == user_id).values(values))
    if address:
        _take(user_id, address)
    if wanted is not None:
        roles.assign(user_id, wanted)
    changed = [name for name, value in vars(changes).items() if not isinstance(value, Unchanged)]
    _record(Kind.USER_UPDATED, user_id, now, fields=changed)
    return lookup(user_id)


def set_password(user_id: str, password: str, *, now: datetime) -> None:
    """Give a person a new password; sessions are the caller's to end.

    Raises:
        NotFoundError: there is no such person.
        InvalidInputError: not even an operator may choose this password.
        UnavailableError: too many passwords are being hashed.
    """
    person = lookup(user_id)
    _check_password(password, (person.username, person.email or "", person.name or ""))
    values = {"password_hash": passwords.hash_password(password), "password_changed_at": now}
    affected(sqlalchemy.update(User).where(User.id == person.id).values(values))
    _record(Kind.PASSWORD_CHANGED, person.id, now)


def disable(user_id: str, *, now: datetime) -> None:
    """Keep a person out. Their sessions and grants count for nothing from now on.

    Raises:
        NotFoundError: there is no such person.
    """
    _switch(user_id, disabled=True, now=now)


def enable(user_id: str, *, now: datetime) -> None:
    """Let a person in again.

    Raises:
        NotFoundError: there is no such person.
    """
    _switch(user_id, disabled=False, now=now)


def _switch(user_id: str, *, disabled: bool, now: datetime) -> None:
    is_other = User.disabled_at.is_(None) if disabled else User.disabled_at.is_not(None)
    values = {"disabled_at": now if disabled else None}
    statement = sqlalchemy.update(User).where(User.id == user_id, is_other).values(values)
    if affected(statement) == 1:
        _record(Kind.USER_DISABLED if disabled else Kind.USER_ENABLED, user_id, now)
    elif get(user_id) is None:
        raise NotFoundError("There is no such user.")


def _row_of(new: NewUser, now: datetime) -> dict[str, Any]:
    email = logins.email(new.email) if new.email else None
    username = logins.username(new.username, email=email)
    if new.email_verified and email is None:
        raise InvalidInputError("There is no e-mail address to be verified.", field="email")
    row: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "username": username,
        "username_key": logins.key_of(username),
        "email": email,
        "email_key": logins.email_key(email) if email else None,
        "email_verified": new.email_verified,
        "name": _name(new.name),
        "claims": checked_claims(new.claims),
        "created_at": now,
        "updated_at": now,
    }
    roles.checked(new.roles)
    if new.password is not None:
        _check_password(new.password, (username, email or "", new.name or ""))
        # Hashed before anything is written: no lock is held while Argon2 works.
        row["password_hash"] = passwords.hash_password(new.password)
        row["password_changed_at"] = now
    return row


def _insert(row: dict[str, Any], role_names: tuple[str, ...], *, now: datetime) -> Person:
    statement = insert_ignore(User).values(row).returning(User.id)
    if db.session.execute(statement).first() is None:
        taken = find(row["username"])
        if taken is not None and logins.key_of(taken.username) == row["username_key"]:
            raise ConflictError("This user name is taken.")
        raise ConflictError("This e-mail address belongs to another user.")
    roles.assign(row["id"], role_names)
    _record(Kind.USER_CREATED, row["id"], now, roles=list(role_names))
    return lookup(row["id"])


def _exclude_other_admins() -> None:
    # Whoever comes second waits here until the first has committed, and then sees the
    # administrator.
    if db.engine.dialect.name == "sqlite":
        db.session.execute(text("UPDATE user_roles SET role = role WHERE 1 = 0"))
    else:
        db.session.execute(text("LOCK TABLE user_roles IN SHARE ROW EXCLUSIVE MODE"))


def _new_address(old: Person, changes: Changes) -> dict[str, Any]:
    email = old.email
    if not isinstance(changes.email, Unchanged):
        email = logins.email(changes.email) if changes.email else None
    if email is None and changes.email_verified is True:
        raise InvalidInputError("There is no e-mail address to be verified.", field="email")
    if email == old.email:
        return {}
    key = logins.email_key(email) if email else None
    values: dict[str, Any] = {"email": email, "email_key": key}
    is_same = old.email is not None and logins.email_key(old.email) == key
    if isinstance(changes.email_verified, Unchanged) and not is_same:
        values["email_verified"] = False
    if "@" in logins.fold(old.username):
        if email is None:
            raise InvalidInputError("The user name is the e-mail address.", field="email")
        username = logins.username(email, email=email)
        values |= {"username": username, "username_key": logins.key_of(username)}
    return values


def _take(user_id: str, values: dict[str, Any]) -> None:
    try:
        with db.session.begin_nested():
            affected(sqlalchemy.update(User).where(User.id == user_id).values(values))
    except IntegrityError:
        raise ConflictError("This e-mail address belongs to another user.") from None


def _name(text_given: str | None) -> str | None:
    name = (text_given or "").strip()
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InvalidInputError(
            f"A name has up to {_LONGEST_NAME} printable characters.", field="name"
        )
    return name or None


def _check_password(password: str, context: Sequence[str]) -> None:
    product = config.current().server.product_name
    passwords.check_acceptable(password, minimum=PASSWORD_FLOOR, context=(*context, product))


def _record(kind: Kind, user_id: str, now: datetime, **detail: Any) -> None:
    events.record(kind, now=now, about=Subjects(user_id=user_id), detail=detail)
