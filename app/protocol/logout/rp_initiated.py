"""RP-initiated logout: who asks, whether the person has to be asked too, and where they go afterwards.

Specs:
    OpenID Connect RP-Initiated Logout 1.0 section 2    a valid hint for this very session needs no question
    OpenID Connect RP-Initiated Logout 1.0 section 3    redirecting afterwards
    OpenID Connect RP-Initiated Logout 1.0 section 4    what is refused
    ASVS 5.0 10.6.2                                     nobody is signed out against their will

Only a hint that we signed proves that the client asks; without one the person confirms, and is offered a link
in place of a redirect.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

import structlog
from itsdangerous import BadData, URLSafeSerializer

from app.clients import redirect_uris, registry
from app.clients.registry import Client
from app.core import root_key
from app.core.errors import SignetError
from app.identity import sessions
from app.identity.sessions import Session
from app.protocol.authorization import prompt
from app.protocol.authorization.response_modes.query import appended
from app.protocol.parameters import Parameters
from app.tokens import id_tokens, subjects
from app.tokens.id_tokens import Hint

log = structlog.get_logger(__name__)


class LogoutRefusedError(SignetError):
    """The request names something that is not registered or contradicts itself. Nobody is signed out."""

    public = "The application that asked to sign you out made a mistake. You are still signed in."


@dataclass(frozen=True)
class LogoutRequest:
    """A checked request. ``return_to`` is registered for the client; ``proved`` by a hint that we signed.

    ``subject`` is the id of the person that the hint names.
    """

    client_id: str | None = None
    return_to: str | None = None
    subject: str | None = None
    sid: str | None = None
    proved: bool = False
    ui_locales: tuple[str, ...] = ()

    @property
    def client(self) -> Client | None:
        """Return who asks, if anybody said so."""
        return registry.get(self.client_id) if self.client_id else None

    def needs_confirmation(self, session: Session | None) -> bool:
        """Tell whether the person must be asked: unless the hint speaks of this very session."""
        if session is None:
            return False
        if not self.proved or self.client_id is None or self.subject != session.user_id:
            return True
        return self.sid not in (None, sessions.sid(session.id, self.client_id))


def examine(parameters: Parameters, *, now: datetime) -> LogoutRequest:
    """Return the checked request.

    Raises:
        LogoutRefusedError: a repeated parameter, a contradiction, an unregistered URI.
    """
    if broken := parameters.repeated | parameters.malformed:
        raise LogoutRefusedError(detail=f"{min(broken)} came more than once or unreadable")
    hint = _hint(parameters, now=now)
    # A hint that proves nothing, an old one whose key was withdrawn perhaps, is as good as none: the person
    # is asked. It names nobody, so without a client_id there is nobody to return to either.
    unproved = hint is None and parameters.get("id_token_hint") is not None
    client = _client(parameters.get("client_id"), hint)
    return LogoutRequest(
        client_id=client.client_id if client else None,
        return_to=None if unproved and client is None else _return_to(client, parameters),
        subject=subjects.user_of(client, hint.subject) if hint and client else None,
        sid=hint.sid if hint else None,
        proved=hint is not None,
        ui_locales=prompt.ui_locales(parameters),
    )


def seal(request: LogoutRequest, *, session_id: str) -> str:
    """Return ``request`` as a signed value for the confirmation page of one session."""
    sealed = _serializer().dumps({"request": asdict(request), "session": session_id})
    return sealed if isinstance(sealed, str) else sealed.decode("ascii")


def unseal(sealed: str, *, session_id: str) -> LogoutRequest:
    """Return the request that the person has confirmed.

    Raises:
        LogoutRefusedError: it is not one that we asked this session about.
    """
    try:
        content = _serializer().loads(sealed)
    except BadData:
        raise LogoutRefusedError(detail="the confirmation is not ours") from None
    if content["session"] != session_id:
        raise LogoutRefusedError(detail="the confirmation is another session's")
    body = content["request"]
    return LogoutRequest(**{**body, "ui_locales": tuple(body["ui_locales"])})


def _hint(parameters: Parameters, *, now: datetime) -> Hint | None:
    value = parameters.get("id_token_hint")
    if value is None:
        return None
    try:
        return id_tokens.read_hint(value, now=now)
    except id_tokens.IdTokenHintInvalidError as error:
        log.info("logout.hint_refused", detail=error.detail)
        return None


def _client(client_id: str | None, hint: Hint | None) -> Client | None:
    if hint is not None and client_id is not None and client_id not in hint.client_ids:
        raise LogoutRefusedError(detail="client_id contradicts the hint")
    named = client_id or (hint.client_ids[0] if hint else None)
    client = registry.get(named) if named else None
    if named is not None and client is None:
        raise LogoutRefusedError(detail=f"client {named!r} is unknown")
    return client


def _return_to(client: Client | None, parameters: Parameters) -> str | None:
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        return None
    if client is None:
        raise LogoutRefusedError(detail="post_logout_redirect_uri without a client")
    registered = client.post_logout_redirect_uris
    if not redirect_uris.matches(registered, uri, application_type=client.application_type):
        raise LogoutRefusedError(detail=f"{uri!r} is not registered for {client.client_id}")
    state = parameters.get("state")
    if state is None:
        return uri
    return appended(uri, {"state": state})


def _serializer() -> URLSafeSerializer:
    secrets = [key.derive("logout-request") for key in reversed(root_key.current().keys)]
    return URLSafeSerializer(
        secrets, salt="logout-request", signer_kwargs={"digest_method": sha256}
    )
