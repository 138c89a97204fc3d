"""Authentication: from what a person presents to who they are, and how surely.

Specs:
    OpenID Connect Core 1.0 section 2    ``auth_time``, ``acr``, ``amr``
    RFC 8176 section 2                   the values of ``amr``
    ASVS 5.0 6.3.8                       no telling which accounts exist

Unknown, disabled, without a password, wrong password: one path, one cost, one answer.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import NoReturn

import structlog
from sqlalchemy import update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core.db import affected, db
from app.core.errors import SignetError, UnavailableError
from app.identity import attempts, directory, passwords
from app.identity.attempts import Attempt
from app.identity.directory import Credentials
from app.models.identity import User

_log = structlog.get_logger("signet.authentication")
ACR_SINGLE_FACTOR = "urn:signet:acr:1fa"
AMR_PASSWORD = "pwd"  # noqa: S105 - the registered name of the method


class InvalidCredentialsError(SignetError):
    """Nobody is signed in. Why is told to nobody."""

    public = "The user name or the password is not right."


@dataclass(frozen=True)
class Authenticated:
    """A person who has just proved who they are, by which methods, and what that amounts to."""

    user_id: str
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime


def with_password(login: str, password: str, *, device: str | None, now: datetime) -> Authenticated:
    """Return who ``login`` (user name or e-mail) is, if ``password`` is theirs.

    ``device`` is the value of the browser's device cookie. The current transaction is committed
    before the password is hashed: what was written so far is complete, and neither a connection nor
    the lock of SQLite's one writer may be held while Argon2 works, or a few guesses would hold up
    everybody.

    Raises:
        InvalidCredentialsError: it is not; the failure is counted and recorded.
        ThrottledError: too many failures lately; nothing was evaluated, counted or recorded.
        UnavailableError: too many passwords are being hashed; nothing was evaluated or counted.
    """
    found = directory.credentials(login)
    user_id = found.user_id if found else None
    attempt = attempts.begun(login, user_id=user_id, device=device)
    attempt.check(now=now)
    db.session.commit()
    verdict = passwords.verify(found.password_hash if found else None, password)
    if found is None or not verdict.ok:
        _refuse(attempt, user_id, now)
    # Once more: of guesses sent all at once, those that others have slowed down since learn
    # nothing.
    attempt.check(now=now)
    if verdict.rehash:
        _renew_hash(found, password)
    attempt.succeed()
    return Authenticated(found.user_id, ACR_SINGLE_FACTOR, (AMR_PASSWORD,), now)


def _refuse(attempt: Attempt, user_id: str | None, now: datetime) -> NoReturn:
    until = attempt.fail(now=now)
    about = Subjects(user_id=user_id)
    events.record(Kind.SIGN_IN_REFUSED, now=now, outcome="refused", about=about)
    if until > now:
        seconds = ceil((until - now).total_seconds())
        detail = {"seconds": seconds}
        events.record(
            Kind.SIGN_IN_THROTTLED, now=now, outcome="refused", about=about, detail=detail
        )
    raise InvalidCredentialsError


def _renew_hash(found: Credentials, password: str) -> None:
    """Replace a hash of other parameters than today's, unless it was replaced meanwhile."""
    try:
        renewed = passwords.hash_password(password)
    except UnavailableError:
        # The person has proved who they are; the next sign-in renews the hash.
        _log.warning("password_hash.renewal_postponed", user_id=found.user_id)
        return
    is_same = User.password_hash == found.password_hash
    affected(update(User).where(User.id == found.user_id, is_same).values(password_hash=renewed))
