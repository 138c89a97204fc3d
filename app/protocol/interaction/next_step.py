"""What has to happen next before a code may be issued: pure, and asked again after every page.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.1    prompt, max_age, id_token_hint
    OpenID Connect Core 1.0 section 3.1.2.3    authenticating
    OpenID Connect Core 1.0 section 3.1.2.6    what prompt=none gets instead of a page
    RFC 9470 section 5                         a sign-in that is not sure enough is repeated
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from app.identity import authentication_contexts
from app.identity.sessions import Session
from app.protocol.authorization_request import AuthorizationRequest


class Step(Enum):
    """The next thing to do.

    ``WRONG_PERSON``: somebody signed in, but not the one the client asked for. ``UNMET``: they did, but not as
    surely as it asked for.
    """

    LOGIN = "login"
    SELECT_ACCOUNT = "select_account"
    CONSENT = "consent"
    WRONG_PERSON = "wrong_person"
    UNMET = "unmet"
    ISSUE = "issue"


@dataclass(frozen=True)
class Facts:
    """Everything the decision rests on. ``consented_at`` is ``None`` while anything asked for is not allowed yet."""

    session: Session | None
    consented_at: datetime | None
    now: datetime


def next_step(request: AuthorizationRequest, facts: Facts) -> Step:
    """Return the first step that is still missing."""
    session = facts.session
    if session is None:
        return Step.LOGIN
    renewed = session.auth_time.timestamp() >= request.issued_at
    if request.hinted_subject not in (None, session.user_id):
        return Step.WRONG_PERSON if renewed else Step.LOGIN
    if not renewed and _must_authenticate_again(request, session, facts.now):
        return Step.LOGIN
    if request.required_acr and not authentication_contexts.satisfies(
        session.acr, request.required_acr
    ):
        return Step.UNMET if renewed else Step.LOGIN
    if "select_account" in request.prompt and not renewed and request.chosen_session != session.id:
        return Step.SELECT_ACCOUNT
    return Step.CONSENT if _must_consent(request, facts.consented_at) else Step.ISSUE


def _must_authenticate_again(
    request: AuthorizationRequest, session: Session, now: datetime
) -> bool:
    if "login" in request.prompt:
        return True
    age = (now - session.auth_time).total_seconds()
    return request.max_age is not None and age > request.max_age


def _must_consent(request: AuthorizationRequest, consented_at: datetime | None) -> bool:
    if consented_at is None:
        return True
    return "consent" in request.prompt and consented_at.timestamp() < request.issued_at
