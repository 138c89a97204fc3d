"""The keys of a client, parsed: to verify what it signed, and to encrypt for it.

Specs:
    OpenID Connect Core 1.0 sections 10.1.1, 10.2.1    keys change; an unknown one asks for a new fetch
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.clients import key_sets
from app.clients.registry import Client
from app.jose import foreign_jwt, foreign_keys
from app.jose.foreign_jwt import NoMatchingKeyError, Rules
from app.jose.foreign_keys import ForeignKeySet, KeySetInvalidError


def of(client: Client, *, now: datetime) -> ForeignKeySet:
    """Return the keys of ``client``.

    Raises:
        KeySetUnavailableError: they cannot be had now.
        KeySetInvalidError: none of them can be used.
    """
    return foreign_keys.parse(key_sets.document(client, now=now))


def verify(client: Client, token: str, rules: Rules, *, now: datetime) -> Mapping[str, Any]:
    """Return the claims of a JWT that ``client`` signed, after one renewal of its keys if they do not fit.

    Call it before the first change: a renewal ends the transaction.

    Raises:
        ForeignTokenInvalidError: it did not sign it, or not so.
        KeySetUnavailableError: its keys cannot be had now.
        KeySetInvalidError: none of them can be used.
    """
    try:
        return foreign_jwt.verify(token, of(client, now=now), rules)
    except (NoMatchingKeyError, KeySetInvalidError):
        newer = _renewed(client, now=now)
        if newer is None:
            raise
    return foreign_jwt.verify(token, newer, rules)


def holds(client: Client, fits: Callable[[ForeignKeySet], bool], *, now: datetime) -> bool:
    """Tell whether the keys of ``client`` fit, after one renewal if they do not.

    Raises:
        KeySetUnavailableError: its keys cannot be had now.
        KeySetInvalidError: none of them can be used.
    """
    try:
        if fits(of(client, now=now)):
            return True
        newer = _renewed(client, now=now)
    except KeySetInvalidError:
        newer = _renewed(client, now=now)
        if newer is None:
            raise
    return newer is not None and fits(newer)


def _renewed(client: Client, *, now: datetime) -> ForeignKeySet | None:
    found = key_sets.renewed(client, now=now)
    return None if found is None else foreign_keys.parse(found)
