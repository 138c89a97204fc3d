"""Back-channel logout: one logout token, posted to one client, and what its answer means.

Specs:
    OpenID Connect Back-Channel Logout 1.0 section 2.5    the request: a form with the token alone
    OpenID Connect Back-Channel Logout 1.0 section 2.8    200 or 204 is success, 400 a refusal
    ASVS 5.0 1.3.6, 15.4.2                                 through the guarded door, and never for long

Sending knows nothing of the database, so it may wait for a stranger. Nobody follows a redirect: the address
is the one that the client registered.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from secrets import randbelow
from urllib.parse import urlencode

from app.clients import registry
from app.core import config, outbound
from app.core.outbound import OutboundForbiddenError, OutboundRefusedError
from app.tokens import logout_tokens
from app.tokens.logout_deliveries import Delivery, Outcome

_MEDIA_TYPE = "application/x-www-form-urlencoded"
_SUCCESS = (HTTPStatus.OK, HTTPStatus.NO_CONTENT)
# Errors of the request that pass by themselves.
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Message:
    """What is to be sent where."""

    uri: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Result:
    """How an attempt went; ``outcome`` is ``None`` where another one may do better."""

    outcome: Outcome | None
    status: int | None = None
    detail: str | None = None


def message(delivery: Delivery, *, now: datetime) -> Message | None:
    """Return what to send for ``delivery``, or ``None`` if its client does not want it any more.

    Raises:
        SignetError: the token cannot be made now.
    """
    client = registry.get(delivery.client_id)
    if client is None or client.is_disabled or client.backchannel_logout_uri is None:
        return None
    token = logout_tokens.mint(
        client, user_id=delivery.user_id, session_id=delivery.session_id, now=now
    )
    return Message(client.backchannel_logout_uri, token)


def send(message: Message) -> Result:
    """Send ``message`` and wait for the answer, no longer than the settings say."""
    body = urlencode({"logout_token": message.token}).encode("ascii")
    timeout = config.current().logout.delivery_timeout
    try:
        answer = outbound.post(message.uri, body, content_type=_MEDIA_TYPE, timeout=timeout)
    except OutboundForbiddenError as error:
        return Result(Outcome.REFUSED, detail=error.detail)
    except OutboundRefusedError as error:
        return Result(None, detail=error.detail)
    return Result(_outcome(answer.status), answer.status)


def next_attempt(delivery: Delivery, *, now: datetime) -> datetime:
    """Return when to try again: ever later, and by chance a little more or less, so that a crowd spreads."""
    doublings = 2 * min(delivery.attempts - 1, 8)
    pause = min(_FIRST_PAUSE * (1 << doublings), _LONGEST_PAUSE)
    return now + pause * (0.8 + randbelow(401) / 1000)


def _outcome(status: int) -> Outcome | None:
    if status in _SUCCESS:
        return Outcome.DELIVERED
    is_final = HTTPStatus(400) <= status < HTTPStatus(500) and status not in _PASSING
    return Outcome.REFUSED if is_final else None
