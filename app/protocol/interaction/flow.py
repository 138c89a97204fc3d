"""Where the pages meet the protocol: a pending request, the question a page asks, and the way back.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.3, 3.1.2.4    authentication and consent
    ASVS 5.0 2.3.1                                      no step can be skipped: all is asked again on return

A page does its part, and what is missing then is asked anew: in answer to its form, or at ``resume_url``. Pages
never route to one another.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from urllib.parse import quote, urlsplit

from app.clients import registry
from app.clients.apis import Api
from app.clients.registry import Client
from app.core import config
from app.identity import sessions
from app.identity.sessions import Session
from app.protocol import authorization_request
from app.protocol.authorization import redirect_uri, response_mode
from app.protocol.authorization.redirect_uri import UnknownTargetError
from app.protocol.authorization.response import AuthorizationResponse, Target, refusal, success
from app.protocol.authorization_request import (
    AuthorizationRequest,
    InteractionInvalidError,
)
from app.protocol.errors import OAuthError
from app.protocol.extensions import resource_indicators
from app.protocol.interaction import consent
from app.protocol.interaction.consent import Consent
from app.protocol.interaction.next_step import Facts, Step, next_step
from app.tokens import derivation, grants, pushed_requests, session_clients, subjects
from app.tokens.authorization import Authentication
from app.tokens.grants import NewGrant

# What prompt=none hears instead of the page that would be needed.
_REFUSALS = {
    Step.LOGIN: OAuthError("login_required", "The person has to sign in."),
    Step.WRONG_PERSON: OAuthError("login_required", "Another person is signed in."),
    Step.UNMET: OAuthError(
        "unmet_authentication_requirements", "The person cannot sign in as surely as is asked for."
    ),
    Step.SELECT_ACCOUNT: OAuthError("account_selection_required", "The person has to choose."),
    Step.CONSENT: OAuthError("consent_required", "The person has to consent."),
}
_NO_PAGE_HELPS = (Step.WRONG_PERSON, Step.UNMET)


@dataclass(frozen=True)
class Pending:
    """A request that waits for a person in one browser. ``came_as`` is the blob it was read from."""

    request: AuthorizationRequest
    client: Client
    browser_id: str
    came_as: str | None = None

    @cached_property
    def blob(self) -> str:
        """Return its travelling form; not made for a request that needs no page."""
        return self.came_as or authorization_request.seal(self.request, browser_id=self.browser_id)

    @property
    def target(self) -> Target:
        """Return where the answer goes."""
        request = self.request
        return Target(request.client_id, request.redirect_uri, request.response_mode, request.state)


@dataclass(frozen=True)
class ConsentQuestion:
    """What the consent page asks, in the protocol's words; the page puts them in a person's."""

    scopes: tuple[str, ...]
    new_scopes: frozenset[str]
    apis: tuple[Api, ...]
    offline: bool
    redirect_host: str


def start(request: AuthorizationRequest, client: Client, *, browser_id: str) -> Pending:
    """Return a validated request, made ready to wait in this browser."""
    return Pending(request, client, browser_id)


def open_pending(blob: str | None, *, browser_id: str, now: datetime) -> Pending:
    """Return the request that waits in this browser.

    Raises:
        InteractionInvalidError: there is none, or it is another browser's.
        InteractionExpiredError: it has waited too long.
        UnknownTargetError: its client or redirect URI was taken away meanwhile.
    """
    if not blob:
        raise InteractionInvalidError(detail="no blob")
    request = authorization_request.unseal(blob, browser_id=browser_id, now=now)
    client = registry.get(request.client_id)
    if client is None or client.is_disabled:
        raise UnknownTargetError(detail=f"client {request.client_id} is gone")
    if not redirect_uri.is_registered(client, request.redirect_uri):
        raise UnknownTargetError(detail=f"client {request.client_id} lost its redirect_uri")
    if not {*request.scope, *request.wanted_claim_scope} <= client.scopes:
        raise UnknownTargetError(detail=f"client {request.client_id} lost a scope")
    return Pending(request, client, browser_id, blob)


def resume_url(blob: str) -> str:
    """Return where a page sends the browser when its part is done."""
    return f"/authorize/continue?request={quote(blob)}"


def may_answer_a_form(pending: Pending) -> bool:
    """Tell whether a form may be answered by what comes next, or only by the way to ``resume_url``.

    Not by a page, because who reloads that sends the form again. Not by what uses up a pushed request: of a form that
    is sent twice the browser shows the second answer alone. And not if the client has changed since ``pending`` was
    opened, as it may while a password waits for its turn: whether it is still served is asked where one is opened.
    """
    request = pending.request
    is_page = response_mode.carrier(request.response_mode) != response_mode.DEFAULT
    if is_page or request.pushed_id is not None:
        return False
    return registry.get(request.client_id) == pending.client


def step(pending: Pending, session: Session | None, *, now: datetime) -> Step:
    """Return what has to happen next."""
    consented_at = None
    if session is not None:
        consented_at = consent.consented_at(pending.client, pending.request, session.user_id)
    return next_step(pending.request, Facts(session, consented_at, now))


def refused_without_page(
    pending: Pending, needed: Step, *, now: datetime
) -> AuthorizationResponse | None:
    """Return the error that takes the place of a page, if the request or the situation forbids one."""
    if needed in _NO_PAGE_HELPS or "none" in pending.request.prompt:
        _spend(pending.request, now=now)
        return refusal(pending.target, _REFUSALS[needed])
    return None


def issue(pending: Pending, session: Session, *, now: datetime) -> AuthorizationResponse | None:
    """Create the grant and return the answer with its code. The caller has asked ``step`` in this very request.

    ``None`` if session or consent ended since then: both are held until the grant is stored, so that whoever ends
    them either comes first or finds the grant. A pushed request that was used meanwhile is refused.
    """
    request, lifetimes = pending.request, config.current().tokens
    client, user_id = pending.client, session.user_id
    held = sessions.hold(session.id, now=now)
    if not held or not consent.hold(client, request, user_id):
        return None
    if not _spend(request, now=now):
        used = OAuthError("invalid_request_uri", "The pushed request was already used.")
        return refusal(pending.target, used)
    if client.takes_part_in_logout:
        session_clients.note(session.id, client, user_id, now=now)
    if client.subject_type == "pairwise":
        subjects.settle(client, user_id)
    grant_id = grants.create(
        NewGrant(
            user_id=user_id,
            client_id=request.client_id,
            scope=request.scope,
            resources=request.resources,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            authentication=Authentication(
                session.auth_time, session.acr, session.amr, session.id, request.nonce
            ),
            code_expires_at=now + lifetimes.authorization_code_lifetime,
            ends_at=now + lifetimes.refresh_token_lifetime,
            claims=request.claims,
        ),
        now=now,
    )
    return success(pending.target, derivation.authorization_code(grant_id))


def account_chosen(pending: Pending, session_id: str) -> Pending:
    """Return the same request with the account question answered."""
    return replace(pending, request=pending.request.choosing(session_id), came_as=None)


def consent_question(pending: Pending, session: Session) -> ConsentQuestion:
    """Return what the person is to be asked."""
    request = pending.request
    known = consent.of(session.user_id, request.client_id)
    parts = urlsplit(request.redirect_uri)
    return ConsentQuestion(
        scopes=request.scope + request.wanted_claim_scope,
        # Where nothing was allowed before, everything is new, and nothing has to be pointed out.
        new_scopes=_new(request, known) if known.granted_at else frozenset(),
        apis=resource_indicators.apis_among(request.resources),
        offline="offline_access" in request.scope,
        redirect_host=parts.netloc or f"{parts.scheme}:",
    )


def _new(request: AuthorizationRequest, known: Consent) -> frozenset[str]:
    wanted = consent.wanted_by(request)
    at_apis = (
        scopes - known.resources.get(identifier, frozenset())
        for identifier, scopes in wanted.resources.items()
    )
    return (wanted.scope - known.scope).union(*at_apis)


def allow(pending: Pending, session: Session, *, now: datetime) -> None:
    """Remember that the person allowed all of it; nothing if the session has ended meanwhile."""
    # Before the consent, in the order of ``issue``: two that wait for each other's rows would never end.
    if sessions.hold(session.id, now=now):
        consent.remember(pending.request, session.user_id, now=now)


def deny(pending: Pending, session: Session, *, now: datetime) -> AuthorizationResponse:
    """Record that the person said no, and return the answer that tells the client."""
    _spend(pending.request, now=now)
    consent.record_denial(pending.request, session.user_id, now=now)
    return refusal(pending.target, OAuthError("access_denied", "The person did not consent."))


def _spend(request: AuthorizationRequest, *, now: datetime) -> bool:
    """Use up the pushed request that ``request`` came as; tell whether it was unused, if it came as one."""
    return request.pushed_id is None or pushed_requests.spend(request.pushed_id, now=now)
