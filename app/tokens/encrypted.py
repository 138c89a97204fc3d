"""Answers that their client alone can read: signed by us first, then encrypted for it.

Specs:
    OpenID Connect Core 1.0 sections 10.2, 16.14    encryption, and the order of the two
    OpenID Connect Core 1.0 section 10.2.1          keys change: look for a new one before giving up

Whatever goes wrong is a refusal: an answer that was to be encrypted never goes out in clear.
"""

from collections.abc import Callable
from datetime import datetime

from app.clients import key_sets
from app.clients.key_sets import KeySetUnavailableError
from app.clients.registry import Client
from app.jose import encryption as jose_encryption
from app.jose import foreign_keys
from app.jose.encryption import NoEncryptionKeyError
from app.jose.foreign_keys import ForeignKeySet, KeySetInvalidError
from app.tokens import client_keys


def for_client(
    compact: str, client: Client, *, algorithm: str, encryption: str, now: datetime
) -> str:
    """Return a signed JWT encrypted for ``client``.

    Raises:
        NoEncryptionKeyError: it has no key for that, or its keys cannot be had now.
    """

    def encrypt(keys: ForeignKeySet) -> str:
        return jose_encryption.encrypt(compact, keys, algorithm=algorithm, encryption=encryption)

    return _with_keys(client, encrypt, now)


def claims_for_client(
    text: str, client: Client, *, algorithm: str, encryption: str, now: datetime
) -> str:
    """Return claims that nobody signed, as JSON text, encrypted for ``client``.

    Raises:
        NoEncryptionKeyError: it has no key for that, or its keys cannot be had now.
    """

    def encrypt(keys: ForeignKeySet) -> str:
        return jose_encryption.encrypt(
            text, keys, algorithm=algorithm, encryption=encryption, nested=False
        )

    return _with_keys(client, encrypt, now)


def _with_keys(client: Client, encrypt: Callable[[ForeignKeySet], str], now: datetime) -> str:
    try:
        try:
            return encrypt(client_keys.of(client, now=now))
        except (KeySetInvalidError, NoEncryptionKeyError):
            renewed = key_sets.renewed(client, now=now)
            if renewed is None:
                raise
        return encrypt(foreign_keys.parse(renewed))
    except (KeySetUnavailableError, KeySetInvalidError, NoEncryptionKeyError) as error:
        raise NoEncryptionKeyError(detail=f"{client.client_id}: {error.detail}") from None
