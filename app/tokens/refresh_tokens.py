"""Refresh tokens: derive, rotate, and notice when one is used twice.

Specs:
    RFC 6749 section 6        refreshing an access token
    RFC 9700 section 4.14.2   rotation, and what reuse tells us

A token names its grant and a generation. Only the current generation is alive; the one before it is a retry
for a few seconds, anything older is a theft.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update

from app.audit import events
from app.core import metrics
from app.core.db import table_of
from app.core.errors import SignetError
from app.core.writing import Change
from app.models.tokens import Grant as Row
from app.tokens import derivation, grants
from app.tokens.grants import Grant

_T = table_of(Row)
_MOVED_ON = (
    update(_T)
    .where(
        _T.c.id == bindparam("grant"),
        _T.c.generation == bindparam("presented"),
        _T.c.revoked_at.is_(None),
        _T.c.expires_at > bindparam("now"),
        _T.c.ends_at > bindparam("now"),
    )
    .values(generation=bindparam("successor"), rotated_at=bindparam("now"))
)
# Most uses change nothing that is in an index: half as much to write, and on PostgreSQL no dead entries.
_ROTATE = Change(_MOVED_ON)
_ROTATE_AND_PROLONG = Change(_MOVED_ON.values(expires_at=bindparam("over")))


class RefreshTokenInvalidError(SignetError):
    """The token is unknown, over, or not this client's. Nothing is issued."""

    public = "The refresh token is invalid, expired or revoked."


class RefreshTokenReusedError(RefreshTokenInvalidError):
    """The token was spent before the leeway. The grant is now revoked, with every token that came from it."""


@dataclass(frozen=True)
class Presented:
    """A refresh token that may be rotated: its grant as read, and the generation that was presented."""

    grant: Grant
    generation: int

    @property
    def successor(self) -> str:
        """Return the token that follows: for a retry the very one that was given before."""
        return derivation.refresh_token(self.grant.id, self.generation + 1)


def check(token: str, *, client_id: str, leeway: timedelta, now: datetime) -> Presented:
    """Return what ``token`` stands for; it stays unspent.

    Raises:
        RefreshTokenReusedError: it was spent before the leeway; the grant is now revoked.
        RefreshTokenInvalidError: it cannot be used by this client, or at all.
    """
    named = derivation.grant_of_refresh_token(token)
    grant = grants.find(named[0]) if named else None
    if named is None or grant is None:
        raise RefreshTokenInvalidError(detail="not a refresh token of ours")
    if grant.client_id != client_id:
        raise RefreshTokenInvalidError(detail=f"grant {grant.id} is another client's")
    if not grant.may_refresh(now):
        raise RefreshTokenInvalidError(detail=f"grant {grant.id} is over or never had one")
    presented = Presented(grant, named[1])
    if presented.generation != grant.generation and not _is_retry(presented, leeway, now):
        _reused(grant, now=now)
    return presented


def rotate(presented: Presented, *, expires_at: datetime, leeway: timedelta, now: datetime) -> None:
    """Spend the presented token: one UPDATE, whose row count is the lock.

    Of many who present the current generation at once one moves the grant on; the others find themselves
    retries of it and get the same successor.

    Raises:
        RefreshTokenReusedError: it was spent before the leeway; the grant is now revoked.
        RefreshTokenInvalidError: the grant ended meanwhile.
    """
    grant = presented.grant
    values = {
        "grant": grant.id,
        "presented": presented.generation,
        "successor": presented.generation + 1,
        "now": now,
    }
    if expires_at == grant.expires_at:
        moved = _ROTATE.affected(values)
    else:
        moved = _ROTATE_AND_PROLONG.affected({**values, "over": expires_at})
    if moved == 1:
        return
    fresh = grants.find(grant.id)
    if fresh is None or not fresh.may_refresh(now):
        raise RefreshTokenInvalidError(detail=f"grant {grant.id} ended meanwhile")
    if not _is_retry(Presented(fresh, presented.generation), leeway, now):
        _reused(fresh, now=now)


def would_serve(grant: Grant, generation: int, *, leeway: timedelta, now: datetime) -> bool:
    """Tell whether a refresh with this generation would succeed now, without trying."""
    if not grant.may_refresh(now):
        return False
    return generation == grant.generation or _is_retry(Presented(grant, generation), leeway, now)


def _is_retry(presented: Presented, leeway: timedelta, now: datetime) -> bool:
    grant = presented.grant
    if grant.rotated_at is None or presented.generation != grant.generation - 1:
        return False
    # Generation 1 was never spent by a refresh, only born with the code: it has no predecessor to retry.
    if presented.generation < 1 or not leeway:
        return False
    # The winner of a race may carry a later time than this one, and clocks differ between nodes.
    return abs(now - grant.rotated_at) <= leeway


def _reused(grant: Grant, *, now: datetime) -> None:
    if grants.revoke(grant.id, reason="refresh_token_reused", now=now):
        about = events.Subjects(
            grant.user_id, grant.client_id, grant.authentication.session_id, grant.id
        )
        metrics.refresh_token_reused()
        events.record(events.Kind.REFRESH_TOKEN_REUSED, now=now, outcome="refused", about=about)
    raise RefreshTokenReusedError(detail=f"grant {grant.id}")
