"""Registration access tokens: what a client that registered itself manages its registration with.

Specs:
    RFC 7592 section 3    the token, and that it may be replaced
    ASVS 5.0 11.5.1       nobody can guess one: the MAC has 256 bits

A token is a generation and a MAC over it and the client, so the database holds nothing that a thief
could present, and the token of one client is worth nothing at another. Each generation ends the one
before it.
"""

import struct
from datetime import datetime

from sqlalchemy import update

from app.clients import lookup
from app.clients.client import Client
from app.core import root_key
from app.core.db import affected
from app.core.errors import ConflictError, NotFoundError
from app.core.secrets import decode, encode
from app.models.clients import Client as ClientRow

PREFIX = "sgt_"
_PURPOSE = "registration-token"
_GENERATION = struct.Struct(">I")
_MAC_BYTES = 32
_LENGTH = len(PREFIX) + len(encode(bytes(_GENERATION.size + _MAC_BYTES)))


class RegistrationTokenReplacedError(ConflictError):
    """Somebody was quicker: the token that was presented is no longer the living one."""

    public = "The registration access token has been replaced."


def token_of(client: Client) -> str:
    """Return the one living registration token of ``client``."""
    number = _GENERATION.pack(client.registration_generation)
    mac = root_key.current().mac(_PURPOSE, _message(client.client_id, number))
    return PREFIX + encode(number + mac)


def generation(token: str, client_id: str) -> int | None:
    """Return the generation that ``token`` names, or ``None`` unless we made it for this client.

    Any input is safe. Whether the generation is the living one only the client's row tells.
    """
    if len(token) != _LENGTH or not token.startswith(PREFIX):
        return None
    try:
        raw = decode(token[len(PREFIX) :])
    except ValueError:
        return None
    number, mac = raw[: _GENERATION.size], raw[_GENERATION.size :]
    if not root_key.current().verify(_PURPOSE, _message(client_id, number), mac):
        return None
    found: int = _GENERATION.unpack(number)[0]
    return found


def advance(client_id: str, *, presented: int, now: datetime) -> bool:
    """Replace the token of generation ``presented`` by the next; tell whether it was the living one.

    The row count is the lock: of many who present one token, one succeeds.
    """
    lookup.changing(client_id)
    statement = update(ClientRow).where(
        ClientRow.client_id == client_id,
        ClientRow.is_dynamic,
        ClientRow.registration_generation == presented,
    )
    return affected(statement.values(registration_generation=presented + 1, updated_at=now)) == 1


def renew(client_id: str, *, now: datetime) -> str:
    """Give a client whose token is lost or known to others a new one, and return it.

    Raises:
        NotFoundError: there is no such client, or an operator registered it.
        RegistrationTokenReplacedError: the client replaced it at this very moment.
    """
    client = lookup.fresh(client_id)
    if not client.is_dynamic:
        raise NotFoundError("No client of this identifier registered itself.")
    if not advance(client_id, presented=client.registration_generation, now=now):
        raise RegistrationTokenReplacedError
    return token_of(lookup.fresh(client_id))


def _message(client_id: str, number: bytes) -> bytes:
    return client_id.encode("utf-8", "surrogatepass") + b"\0" + number
