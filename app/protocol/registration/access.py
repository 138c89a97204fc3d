"""Who may register a client: what the operator decided, an initial access token, a budget.

Specs:
    RFC 7591 sections 3, 3.1, 5    open and protected registration; calls are limited
    RFC 6750 sections 2.1, 3       how the token arrives, and how it is refused
    ASVS 5.0 2.4.1                 no flood of registrations
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.clients import initial_access_tokens
from app.clients.initial_access_tokens import InitialAccessToken
from app.core import config
from app.core.context import caller
from app.core.errors import NotFoundError
from app.protocol.errors import OAuthError
from app.protocol.server import Answer, error_answer
from app.throttle import budgets
from app.throttle.budgets import Budget
from app.throttle.networks import network_of

_HOUR = timedelta(hours=1)
_UNAUTHORIZED = 401


class NoTokenError(OAuthError):
    """No token came at all: the challenge then names no error (RFC 6750 section 3.1)."""

    def __init__(self) -> None:
        super().__init__("invalid_token", "An access token is required.", status=_UNAUTHORIZED)


@dataclass(frozen=True)
class Admission:
    """Leave to register one client with at most ``scopes``; nothing was used of it yet."""

    scopes: tuple[str, ...]
    initial: InitialAccessToken | None = None
    token: str | None = field(default=None, repr=False)


def check_open() -> None:
    """Refuse everything while nobody may register clients.

    Raises:
        NotFoundError: nobody may; there is no such endpoint then.
    """
    if config.current().registration.mode == "closed":
        raise NotFoundError


def admit(authorization: str | None, *, now: datetime) -> Admission:
    """Return the leave that the settings, or an initial access token, give.

    A token that comes although none is needed has to be a living one, and is used.

    Raises:
        NotFoundError: nobody may register clients here.
        OAuthError: invalid_token: there is no living initial access token.
    """
    check_open()
    ours = config.current().registration
    token = bearer(authorization)
    if token is None:
        if ours.mode == "open":
            return Admission(ours.scopes)
        raise NoTokenError
    initial = initial_access_tokens.living(token, now=now)
    if initial is None:
        raise invalid_token("not a living initial access token")
    bound = initial.scope
    scopes = ours.scopes if bound is None else tuple(s for s in ours.scopes if s in bound)
    return Admission(scopes, initial, token)


def use(admission: Admission, *, now: datetime) -> None:
    """Take one use of the token, or of what the network of the caller may do in an hour.

    Raises:
        OAuthError: invalid_token: others used it up meanwhile.
        ThrottledError: this network registered enough for now.
    """
    if admission.token is None:
        budget = Budget("registration", config.current().registration.rate, _HOUR)
        budgets.spend(budget, network_of(caller().address), now=now)
    elif initial_access_tokens.claim(admission.token, now=now) is None:
        raise invalid_token("the initial access token has just been used up")


def bearer(authorization: str | None) -> str | None:
    """Return the token in the Authorization header, or ``None`` if there is none."""
    scheme, _, credentials = (authorization or "").partition(" ")
    return credentials.strip() or None if scheme.lower() == "bearer" else None


def invalid_token(detail: str) -> OAuthError:
    """Return the one refusal of every token: it never tells what there is."""
    return OAuthError(
        "invalid_token",
        "The access token is invalid, expired or revoked.",
        status=_UNAUTHORIZED,
        detail=detail,
    )


def refusal(error: OAuthError) -> Answer:
    """Return the answer to a request that was refused, with the challenge of RFC 6750."""
    answer = error_answer(error)
    if error.status == _UNAUTHORIZED:
        challenge = 'Bearer realm="signet"'
        if not isinstance(error, NoTokenError):
            challenge += f', error="{error.code}", error_description="{error.description}"'
        kept = [each for each in answer.headers if each[0] != "WWW-Authenticate"]
        answer.headers = [*kept, ("WWW-Authenticate", challenge)]
    return answer
