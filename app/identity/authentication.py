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

import structlog
from sqlalchemy import bindparam, update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core import metrics
from app.core.db import release, table_of
from app.core.errors import SignetError, UnavailableError
from app.core.statements import Statement
from app.identity import attempts, directory, passwords
from app.identity.attempts import Attempt
from app.identity.directory import Credentials
from app.models.identity import User
from app.throttle.counters import ThrottledError

_log = structlog.get_logger("signet.authentication")
ACR_SINGLE_FACTOR = "urn:signet:acr:1fa"
AMR_PASSWORD = "pwd"  # noqa: S105 - the registered name of the method
# A hash that was replaced while it was checked is looked at again: another sign-in may have renewed
# it. A password that was changed is wrong the second time.
_LOOKS = 2
_T = table_of(User)
_CLAIM = Statement(
    update(_T)
    .where(
        _T.c.id == bindparam("person"),
        _T.c.password_hash == bindparam("checked"),
        _T.c.disabled_at.is_(None),
    )
    .values(password_hash=bindparam("kept"))
)


class InvalidCredentialsError(SignetError):
    """Nobody is signed in. Why is told to nobody."""

    public = "The user name or the password is not right."


@dataclass(frozen=True)
class Authenticated:
    """A person who has just proved who they are, by which methods, and what that amounts to.

    ``password_changed_at`` is since when they have the password they have, for :mod:`app.identity.devices`.
    """

    user_id: str
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    password_changed_at: datetime | None


def with_password(login: str, password: str, *, device: str | None, now: datetime) -> Authenticated:
    """Return who ``login`` (user name or e-mail) is, if ``password`` is theirs.

    ``device`` is the value of the browser's device cookie. The current transaction is committed
    before the password is hashed: what was written so far is complete, and neither a connection nor
    the lock of SQLite's one writer may be held while Argon2 works, or a few guesses would hold up
    everybody. On return the person's row is locked until the transaction is over: who changes the
    password, or disables the person, comes before and this is refused, or after and finds whatever
    was begun.

    Raises:
        InvalidCredentialsError: it is not; the failure is counted and recorded.
        ThrottledError: too many failures lately; nothing was evaluated, counted or recorded.
        UnavailableError: too many passwords are being hashed; nothing was evaluated or counted.
    """
    found = directory.credentials(login)
    attempt = attempts.begun(login, found, device=device)
    _check(attempt, now)
    for _ in range(_LOOKS):
        release()
        verdict = passwords.verify(found.password_hash if found else None, password)
        if found is None or not verdict.ok:
            break
        # Once more: of guesses sent all at once, those that others have slowed down since learn
        # nothing.
        _check(attempt, now)
        renewed = _renewed_hash(found, password) if verdict.rehash else None
        if _claim(found, renewed):
            attempt.succeed()
            metrics.sign_in("success")
            # Who has the same hash still has the same password.
            changed_at = found.password_changed_at
            return Authenticated(found.user_id, ACR_SINGLE_FACTOR, (AMR_PASSWORD,), now, changed_at)
        found = directory.credentials(login)
    raise _refused(attempt, found.user_id if found else None, now)


def _check(attempt: Attempt, now: datetime) -> None:
    try:
        attempt.check(now=now)
    except ThrottledError:
        metrics.sign_in("throttled")
        raise


def _refused(attempt: Attempt, user_id: str | None, now: datetime) -> InvalidCredentialsError:
    until = attempt.fail(now=now)
    metrics.sign_in("refused")
    about = Subjects(user_id=user_id)
    events.record(Kind.SIGN_IN_REFUSED, now=now, outcome="refused", about=about)
    if until > now:
        seconds = ceil((until - now).total_seconds())
        detail = {"seconds": seconds}
        events.record(
            Kind.SIGN_IN_THROTTLED, now=now, outcome="refused", about=about, detail=detail
        )
    return InvalidCredentialsError()


def _renewed_hash(found: Credentials, password: str) -> str | None:
    """Return a hash of today's parameters; ``None`` if there is no time for one now."""
    # What was read last is complete: as above, no connection is held while Argon2 works.
    release()
    try:
        return passwords.hash_password(password)
    except UnavailableError:
        # The person has proved who they are; the next sign-in renews the hash.
        _log.warning("password_hash.renewal_postponed", user_id=found.user_id)
        return None


def _claim(found: Credentials, renewed: str | None) -> bool:
    """Lock the person's row if the hash that was checked is still theirs; tell whether it was."""
    kept = renewed or found.password_hash
    values = {"person": found.user_id, "checked": found.password_hash, "kept": kept}
    return _CLAIM.run(values) == 1
