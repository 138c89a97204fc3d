"""Ending what was issued: of a token, a grant, a session, a connection, a client, or a person as a whole.

Specs:
    RFC 7009 section 2        revocation is immediate
    OpenID Connect Back-Channel Logout 1.0 section 2.5    who ends a session also has its clients told
    OpenID Connect Back-Channel Logout 1.0 section 2.7    what was granted offline outlives it
    ASVS 5.0 7.4.1, 7.4.2, 7.4.5     ending all that a person holds

Pages, console and command line all call these; the very next use of what was ended is refused on any node.
Clients that registered for it hear of the end of a session, whoever ended it; not of one that ran out.
"""

from datetime import datetime

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import registry
from app.identity import sessions, users
from app.tokens import grants, logout_deliveries


def of_user(user_id: str, *, reason: str, now: datetime) -> int:
    """End every session and every grant of a person; return how many grants that were."""
    over = sessions.end_all(user_id, reason=reason, now=now)
    logout_deliveries.enqueue(over, now=now)
    ended = grants.revoke_of_user(user_id, reason=reason, now=now)
    events.record(
        Kind.USER_REVOKED, now=now, about=Subjects(user_id=user_id),
        detail={"reason": reason, "grants": ended},
    )  # fmt: skip
    return ended


def of_other_sessions(user_id: str, session_id: str, *, reason: str, now: datetime) -> int:
    """End all of a person but one session and what came from it; return how many grants ended.

    For a changed password: whoever knew the old one keeps nothing, not even an offline grant.
    """
    over = sessions.end_all(user_id, reason=reason, now=now, but=session_id)
    logout_deliveries.enqueue(over, now=now)
    ended = grants.revoke_of_user(user_id, reason=reason, now=now, but_session=session_id)
    about = Subjects(user_id=user_id, session_id=session_id)
    detail = {"reason": reason, "grants": ended}
    events.record(Kind.SESSION_ENDED, now=now, about=about, detail=detail)
    return ended


def of_session(session_id: str, *, reason: str, now: datetime) -> bool:
    """End a session and the grants that do not outlive it; tell whether it was alive."""
    session = sessions.get(session_id)
    if session is None or not sessions.end(session_id, reason=reason, now=now):
        return False
    logout_deliveries.enqueue([session_id], now=now)
    ended = grants.revoke_of_session(session_id, reason=reason, now=now)
    kind = Kind.SIGN_OUT if reason == "sign_out" else Kind.SESSION_ENDED
    about = Subjects(user_id=session.user_id, session_id=session_id)
    events.record(kind, now=now, about=about, detail={"reason": reason, "grants": ended})
    return True


def of_client(client_id: str, *, now: datetime) -> int:
    """Make everything that a client holds void, tokens without a grant too; return how many grants ended."""
    registry.revoke_tokens_before(client_id, now=now)
    return grants.revoke_of_client(client_id, reason="client_revoked", now=now)


def of_grant(grant_id: str, *, reason: str, now: datetime) -> bool:
    """End one grant; tell whether it was alive."""
    grant = grants.find(grant_id)
    if grant is None or not grants.revoke(grant_id, reason=reason, now=now):
        return False
    about = Subjects(grant.user_id, grant.client_id, grant.authentication.session_id, grant_id)
    events.record(Kind.GRANT_REVOKED, now=now, about=about, detail={"reason": reason})
    return True


def of_connection(user_id: str, client_id: str, *, now: datetime) -> int:
    """End all that one client holds of one person; return how many grants that were."""
    ended = grants.revoke_of_connection(user_id, client_id, reason="consent_withdrawn", now=now)
    about = Subjects(user_id=user_id, client_id=client_id)
    events.record(Kind.GRANT_REVOKED, now=now, about=about, detail={"grants": ended})
    return ended


def disable_user(user_id: str, *, now: datetime) -> None:
    """Disable a person and end all they hold."""
    users.disable(user_id, now=now)
    of_user(user_id, reason="user_disabled", now=now)
