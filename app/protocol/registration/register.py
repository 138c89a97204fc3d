"""Registration: a client that nobody here knows asks to become one.

Specs:
    RFC 7591 sections 3.1, 3.2.1, 3.2.2    request, answer, errors
    OpenID Connect Registration 1.0 section 3
    RFC 7592 section 3                     the answer says how to manage the registration
    ASVS 5.0 10.4.7                        it counts as no more than what its sender can prove: nothing

Whatever is wrong with the metadata itself is found before a use of the token, or of the budget, is
taken. That use is written and committed before anything is fetched.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.audit import events
from app.audit.events import Kind
from app.clients import initial_access_tokens, registration_tokens, registry
from app.clients.client import Client
from app.clients.registry import Origin
from app.core import config, db
from app.core.errors import InvalidInputError
from app.protocol.errors import OAuthError
from app.protocol.registration import access, schema
from app.protocol.registration.access import Admission
from app.protocol.server import Answer, json_answer

_CREATED = 201


def register(document: bytes, *, authorization: str | None, now: datetime) -> Answer:
    """Return the information about the new client, with its secret and registration token.

    Raises:
        NotFoundError: nobody may register clients here.
        OAuthError: it is refused.
        ThrottledError: this network registered enough for now.
    """
    admission = access.admit(authorization, now=now)
    used = False
    try:
        said = schema.document_of(document)
        _look_at(said, admission)
        access.use(admission, now=now)
        used = True
        # What follows may wait for other servers.
        db.release()
        client, secret = _registered(said, admission, now=now)
    except OAuthError as error:
        _refused(admission, error, used=used, now=now)
        raise
    return json_answer(answer_for(client, secret=secret), status=_CREATED)


def answer_for(client: Client, *, secret: str | None = None) -> dict[str, Any]:
    """Return the client information response: what is registered, and how to manage it."""
    return schema.described(client, secret=secret) | {
        "registration_client_uri": f"{config.current().issuer}/register/{client.client_id}",
        "registration_access_token": registration_tokens.token_of(client),
    }


def vouched(said: Mapping[str, Any], *, now: datetime) -> tuple[Mapping[str, Any], str | None]:
    """Return metadata with what its software statement says in front, and the statement. It fetches.

    Raises:
        OAuthError: the statement does not count.
    """
    statement = said.get("software_statement")
    if statement is None:
        return said, None
    # Imported here: hardly any installation believes in statements.
    from app.protocol.registration import software_statement

    return {**said, **software_statement.claims(statement, now=now)}, statement


def _look_at(said: Mapping[str, Any], admission: Admission) -> None:
    """Refuse what is wrong however long we think about it, before that costs anything."""
    if "software_statement" not in said:
        schema.registration_of(said, existing=None, scopes=admission.scopes)
        return
    from app.protocol.registration import software_statement

    software_statement.check_issuer(said["software_statement"])


def _registered(
    said: Mapping[str, Any], admission: Admission, *, now: datetime
) -> tuple[Client, str | None]:
    merged, statement = vouched(said, now=now)
    wanted = schema.registration_of(merged, existing=None, scopes=admission.scopes)
    initial_id = None if admission.initial is None else admission.initial.id
    origin = Origin(is_dynamic=True, software_statement=statement, initial_token_id=initial_id)
    try:
        return registry.register(wanted, origin=origin, now=now)
    except InvalidInputError as error:
        raise schema.refused(error) from None


def _refused(admission: Admission, error: OAuthError, *, used: bool, now: datetime) -> None:
    # A stranger's failures are in the log alone: they must not fill the table of events.
    if admission.initial is None:
        return
    if used:
        initial_access_tokens.give_back(admission.initial.id)
    detail = {"initial_access_token": admission.initial.id, "error": error.code}
    events.record(Kind.CLIENT_REGISTRATION_REFUSED, now=now, outcome="refused", detail=detail)
