"""What a person decides about a device that waits elsewhere.

Specs:
    RFC 8628 section 3.3         the person says yes or no, having seen which device and what it wants
    RFC 8628 section 5.1, 5.4    codes are not guessed, and nobody is talked into another's device unasked
    RFC 9470 section 5           a sign-in that is not sure enough does not do
    ASVS 5.0 2.3.2, 2.3.4        decided once, by one person

From the decision on the grant is there, unfetched: signing out, withdrawing and disabling end it before the device
ever comes for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import registry
from app.clients.apis import Api
from app.clients.client import DEVICE_CODE
from app.clients.registry import Client
from app.core import config
from app.core.context import caller
from app.identity import authentication_contexts, sessions
from app.identity.sessions import Session
from app.protocol.authorization_request import AuthorizationRequest
from app.protocol.extensions import resource_indicators
from app.protocol.interaction import consent
from app.throttle import budgets, counters
from app.throttle.budgets import Budget
from app.throttle.counters import Counted, Limit, ThrottledError
from app.throttle.networks import network_of
from app.tokens import device_codes, grants, session_clients, subjects
from app.tokens.authorization import Authentication
from app.tokens.device_codes import PendingDevice
from app.tokens.grants import NewGrant

# Over all people and networks: many accounts together guess no faster than this.
_EVERYBODY = Budget("user-codes", 1000, timedelta(minutes=1))


@dataclass(frozen=True)
class Waiting:
    """A device that waits, and the application on it."""

    device: PendingDevice
    client: Client

    @property
    def apis(self) -> tuple[Api, ...]:
        """Return the APIs that it wants to use."""
        return resource_indicators.apis_among(self.device.resources)


def find(user_code: str, session: Session, *, now: datetime) -> Waiting | None:
    """Return the device that shows ``user_code``; a wrong code is counted against person and network.

    Raises:
        ThrottledError: too many wrong codes came from this person or network, or too many from all.
    """
    counted = _counted(session)
    counters.check(counted, now=now)
    budgets.spend(_EVERYBODY, "all", now=now)
    device = device_codes.pending(user_code, now=now)
    client = registry.get(device.client_id) if device is not None else None
    if device is None or client is None or not _may(client, device):
        _wrong(counted, session, now)
        return None
    return Waiting(device, client)


def is_sure_enough(waiting: Waiting, session: Session) -> bool:
    """Tell whether the person signed in as surely as the device asks for."""
    wanted = waiting.device.acr_values
    return not wanted or authentication_contexts.satisfies(session.acr, wanted)


def allow(waiting: Waiting, session: Session, *, now: datetime) -> bool:
    """Give the device what it asks for; ``False``: session or time ran out, or somebody was first."""
    device, client, user_id = waiting.device, waiting.client, session.user_id
    held = sessions.hold(session.id, now=now) and is_sure_enough(waiting, session)
    if not held or not device_codes.decide(device, now=now):
        return False
    if not client.skip_consent:
        consent.remember(_as_request(device), user_id, now=now)
    if client.takes_part_in_logout:
        session_clients.note(session.id, client, user_id, now=now)
    if client.subject_type == "pairwise":
        subjects.settle(client, user_id)
    grant_id = grants.create(
        NewGrant(
            user_id=user_id,
            client_id=client.client_id,
            scope=device.scope,
            resources=device.resources,
            redirect_uri="",
            code_challenge=None,
            authentication=Authentication(
                session.auth_time, session.acr, session.amr, session.id, None
            ),
            code_expires_at=device.expires_at,
            ends_at=now + config.current().tokens.refresh_token_lifetime,
            device=True,
        ),
        now=now,
    )
    device_codes.give(device, grant_id)
    about = Subjects(user_id, client.client_id, session.id, grant_id)
    detail = {"address": device.address, "scope": device.scope}
    events.record(Kind.DEVICE_APPROVED, now=now, about=about, detail=detail)
    return True


def deny(waiting: Waiting, session: Session, *, now: datetime) -> bool:
    """Refuse the device; ``False``: its time ran out, or somebody was first."""
    if not device_codes.decide(waiting.device, now=now):
        return False
    about = Subjects(session.user_id, waiting.client.client_id, session.id)
    detail = {"address": waiting.device.address, "scope": waiting.device.scope}
    events.record(Kind.DEVICE_DENIED, now=now, outcome="refused", about=about, detail=detail)
    return True


def _may(client: Client, device: PendingDevice) -> bool:
    # What the client lost since the device began is not granted any more.
    return (
        not client.is_disabled
        and client.allows_grant(DEVICE_CODE)
        and set(device.scope) <= client.scopes
    )


def _as_request(device: PendingDevice) -> AuthorizationRequest:
    """Return what the device asks for in the form that consent is remembered by."""
    return AuthorizationRequest(
        client_id=device.client_id,
        redirect_uri="",
        response_mode="",
        scope=device.scope,
        resources=device.resources,
        state=None,
        nonce=None,
        code_challenge=None,
        prompt=(),
        max_age=None,
        login_hint=None,
        hinted_subject=None,
        ui_locales=(),
        acr_values=device.acr_values,
        issued_at=device.created_at.timestamp(),
    )


def _counted(session: Session) -> tuple[Counted, Counted]:
    return (
        Counted(_limit("network"), network_of(caller().address)),
        Counted(_limit("person"), session.user_id),
    )


def _limit(name: str) -> Limit:
    passwords, free = config.current().passwords, config.current().devices.free_attempts
    return Limit(f"user_code.{name}", free, passwords.max_delay, passwords.failure_memory)


def _wrong(counted: tuple[Counted, ...], session: Session, now: datetime) -> None:
    until = max(counters.fail(each, now=now) for each in counted)
    if until <= now:
        return
    seconds = max(1, round((until - now).total_seconds()))
    about = Subjects(user_id=session.user_id, session_id=session.id)
    events.record(
        Kind.USER_CODE_THROTTLED, now=now, outcome="refused", about=about,
        detail={"seconds": seconds},
    )  # fmt: skip
    raise ThrottledError(retry_after=seconds, detail="a wrong user code")
