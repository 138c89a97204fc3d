"""A client that registered itself reads, replaces or removes its registration.

Specs:
    RFC 7592 sections 2.1, 2.2, 2.3, 3
    OpenID Connect Registration 1.0 section 4

This works whoever may register, since it is about clients that did. A replacement ends the
registration token with which it was asked for and answers with the next one.

A token that does not count is refused with the same words whatever is wrong, above all if there is
no such client. Secrets are not told again: only their digests are kept.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.audit import events
from app.audit.events import Kind, Subjects
from app.clients import registration_tokens, registry, secrets
from app.clients.client import CLIENT_SECRET_JWT, Client
from app.clients.registration_tokens import RegistrationTokenReplacedError
from app.clients.registry import Origin
from app.core import config, db
from app.core.errors import InvalidInputError, NotFoundError
from app.protocol.errors import OAuthError
from app.protocol.registration import access, schema
from app.protocol.registration.register import answer_for, vouched
from app.protocol.registration.schema import MetadataInvalidError
from app.protocol.server import Answer, json_answer

_OURS_TO_SAY = (
    "registration_access_token", "registration_client_uri", "client_secret_expires_at",
    "client_id_issued_at",
)  # fmt: skip


def read(client_id: str, *, authorization: str | None, now: datetime) -> Answer:
    """Return the client information.

    Raises:
        OAuthError: the registration token does not count.
    """
    return json_answer(answer_for(_proved(client_id, authorization, now=now)))


def replace(client_id: str, *, authorization: str | None, now: datetime, document: bytes) -> Answer:
    """Register all metadata anew and return the client information, with a new registration token.

    What is left out is removed, or becomes what it is by default.

    Raises:
        OAuthError: the registration token does not count, or the metadata is refused.
    """
    client = _proved(client_id, authorization, now=now)
    said = schema.document_of(document)
    _check_identity(client, said, now=now)
    # What follows may wait for other servers; nothing has been written yet.
    db.release()
    merged, statement = vouched(said, now=now)
    if statement is None and client.software_statement is not None:
        # What others vouched for is not the client's to change.
        from app.protocol.registration import software_statement

        merged = {**merged, **software_statement.kept(client.software_statement)}
    wanted = schema.registration_of(merged, existing=client, scopes=_reach(client))
    origin = Origin(
        is_dynamic=True, software_statement=statement, generation=client.registration_generation
    )
    try:
        updated = registry.update(client_id, wanted, origin=origin, now=now)
    except InvalidInputError as error:
        raise schema.refused(error) from None
    except (NotFoundError, RegistrationTokenReplacedError):
        raise access.invalid_token("the registration was changed meanwhile") from None
    secret = _needed_secret(client, updated, now=now)
    return json_answer(answer_for(registry.fresh(client_id), secret=secret))


def remove(client_id: str, *, authorization: str | None, now: datetime) -> Answer:
    """Remove the client and all it holds, at once.

    Raises:
        OAuthError: the registration token does not count.
    """
    client = _proved(client_id, authorization, now=now)
    presented = client.registration_generation
    if not registration_tokens.advance(client_id, presented=presented, now=now):
        raise access.invalid_token("the registration was changed meanwhile")
    registry.delete(client_id, now=now)
    return Answer(204, "", [("Cache-Control", "no-store"), ("Pragma", "no-cache")])


def _proved(client_id: str, authorization: str | None, *, now: datetime) -> Client:
    token = access.bearer(authorization)
    if token is None:
        raise access.NoTokenError
    # First of all, so that nobody without a token of ours learns whether there is such a client.
    presented = registration_tokens.generation(token, client_id)
    if presented is None:
        raise access.invalid_token("not a registration token of this client")
    try:
        client = registry.fresh(client_id)
    except NotFoundError:
        raise access.invalid_token("the client is gone") from None
    if not client.is_dynamic or presented != client.registration_generation:
        # More likely an answer was lost than a token stolen: the operator can give out a new one.
        about = Subjects(client_id=client_id)
        detail = {"presented": presented, "alive": client.registration_generation}
        events.record(
            Kind.REGISTRATION_TOKEN_REUSED, now=now, outcome="refused", about=about, detail=detail
        )
        raise access.invalid_token("not the living registration token")
    if client.is_disabled:
        raise OAuthError("access_denied", "The client is disabled.", status=403)
    return client


def _check_identity(client: Client, said: Mapping[str, Any], *, now: datetime) -> None:
    for name in _OURS_TO_SAY:
        if name in said:
            raise MetadataInvalidError(f"{name} is not the client's to say.")
    if said.get("client_id") != client.client_id:
        raise MetadataInvalidError("client_id is missing or not that of the client.")
    secret = said.get("client_secret")
    if secret is not None and not (
        isinstance(secret, str) and secrets.verify(client, secret, now=now)
    ):
        raise MetadataInvalidError("client_secret is not that of the client.")


def _reach(client: Client) -> tuple[str, ...]:
    ours = config.current().registration
    # Where anybody may register, a new registration would get as much. Elsewhere somebody decided.
    return ours.scopes if ours.mode == "open" else client.scope


def _needed_secret(before: Client, updated: Client, *, now: datetime) -> str | None:
    """Return a new secret if the client has none that its method could use."""
    seals = updated.token_endpoint_auth_method == CLIENT_SECRET_JWT
    is_sealed = before.token_endpoint_auth_method == CLIENT_SECRET_JWT
    if not updated.uses_secret or (before.uses_secret and (is_sealed or not seals)):
        return None
    secrets.remove_all(updated.client_id)
    return secrets.create(updated.client_id, sealed=seals, now=now)
