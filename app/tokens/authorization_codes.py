"""Authorization codes: checked, then spent once.

Specs:
    RFC 6749 section 4.1.2    short-lived, single use, and what a second use tells us
    RFC 6749 section 4.1.3    bound to client and redirect URI
    RFC 9700 section 4.5      a stolen code is worth nothing
"""

from datetime import datetime

from sqlalchemy import bindparam, update

from app.audit import events
from app.core.db import table_of
from app.core.errors import SignetError
from app.core.writing import Change
from app.models.tokens import Grant as Row
from app.tokens import derivation, grants
from app.tokens.grants import Grant

_T = table_of(Row)
_REDEEM = Change(
    update(_T)
    .where(_T.c.id == bindparam("grant"), _T.c.redeemed_at.is_(None), _T.c.revoked_at.is_(None))
    .values(
        redeemed_at=bindparam("now"),
        generation=1,
        rotated_at=bindparam("now"),
        expires_at=bindparam("over"),
    )
)


class AuthorizationCodeInvalidError(SignetError):
    """The code is unknown, expired, spent or not this client's. Nothing is issued."""

    public = "The authorization code is invalid, expired or already used."


class AuthorizationCodeReusedError(AuthorizationCodeInvalidError):
    """The code was spent before. Its grant is now revoked, with every token that came from it."""


def check(code: str, *, client_id: str, now: datetime) -> Grant:
    """Return the grant of ``code``, which stays unspent.

    Raises:
        AuthorizationCodeReusedError: it was spent before; the grant is now revoked.
        AuthorizationCodeInvalidError: it cannot be used by this client, or at all.
    """
    grant_id = derivation.grant_of_code(code)
    grant = grants.find(grant_id) if grant_id else None
    if grant is None:
        raise AuthorizationCodeInvalidError(detail="not a code of ours")
    if grant.client_id != client_id:
        # Not spent by a stranger: the rightful client may still redeem it.
        raise AuthorizationCodeInvalidError(detail=f"grant {grant.id} is another client's")
    if grant.device:
        raise AuthorizationCodeInvalidError(detail=f"grant {grant.id} is a device's")
    if grant.redeemed_at is not None:
        _reused(grant, now=now)
    if now >= grant.code_expires_at or not grant.is_alive(now):
        raise AuthorizationCodeInvalidError(detail=f"the code of grant {grant.id} is over")
    return grant


def redeem(grant: Grant, *, expires_at: datetime, now: datetime) -> None:
    """Spend the code of ``grant``: of all who try, exactly one returns.

    Raises:
        AuthorizationCodeReusedError: another request was first; the grant is now revoked.
    """
    spent = _REDEEM.affected({"grant": grant.id, "now": now, "over": expires_at})
    if spent != 1:
        _reused(grant, now=now)


def _reused(grant: Grant, *, now: datetime) -> None:
    if grants.revoke(grant.id, reason="code_reused", now=now):
        about = events.Subjects(
            grant.user_id, grant.client_id, grant.authentication.session_id, grant.id
        )
        events.record(events.Kind.CODE_REUSED, now=now, outcome="refused", about=about)
    raise AuthorizationCodeReusedError(detail=f"grant {grant.id}")
