"""Signing keys: announced -> active -> retiring -> gone.

Specs:
    OpenID Connect Core 1.0 section 10.1.1   rotation
    RFC 7517 section 4.5                     what a kid is for
    RFC 7638 section 3                       how ours are made

A key is announced for as long as anybody may cache our key set before it signs, and stays published
until the last token it signed has expired. The state follows from instants in the row, so nothing
has to flip it on time. Changes run under a lock of the whole installation and are committed inside
it: nobody who waited for the lock may see the table as it was before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from app.core import config, root_key
from app.core.db import affected
from app.core.errors import ConflictError, InvalidInputError, SignetError
from app.jose import key_ring, key_table, succession
from app.jose.algorithms import ALGORITHMS, Key, from_pem, thumbprint
from app.jose.key_ring import HeldKey
from app.models.keys import SigningKey as Row

_ORDER = ("active", "announced", "retiring", "gone")


class NoSigningKeyError(SignetError):
    """There is no active key for the algorithm. Nothing is signed, and whatever asked must fail."""

    public = "The service cannot sign at the moment."


@dataclass(frozen=True)
class SigningKey:
    """A key that may sign now. ``private`` is parsed once and kept by the process."""

    kid: str
    algorithm: str
    private: Key = field(repr=False)
    public_jwk: Mapping[str, Any]


@dataclass(frozen=True)
class KeyRecord:
    """What an operator sees of a key, and its state at the moment of asking."""

    kid: str
    algorithm: str
    state: str
    announced_at: datetime
    activates_at: datetime
    retires_at: datetime | None
    gone_at: datetime | None
    public_jwk: Mapping[str, Any]


def active(algorithm: str, *, now: datetime) -> SigningKey:
    """Return the key that signs with ``algorithm`` now.

    Raises:
        NoSigningKeyError: there is none. A key that is only announced is never taken instead.
        SealBrokenError: its private half does not open.
    """
    ring = key_ring.current()
    held = ring.active(algorithm, now=now)
    if held is None:
        raise NoSigningKeyError(detail=f"no active key for {algorithm}")
    return SigningKey(held.kid, algorithm, ring.private(held.kid), held.public_jwk)


def published(*, now: datetime) -> list[KeyRecord]:
    """Return the keys of the public key set, those that sign first."""
    return [record for record in records(now=now) if record.state != "gone"]


def records(*, now: datetime) -> list[KeyRecord]:
    """Return every key that is not purged, those that sign first."""
    found = [_record(key, now) for key in key_ring.current()]
    names = list(ALGORITHMS)
    return sorted(found, key=lambda each: (_ORDER.index(each.state), names.index(each.algorithm)))


def verification_key(kid: str, *, now: datetime, even_gone: bool = False) -> tuple[str, Key] | None:
    """Return algorithm and public key of ``kid``, or ``None``: not ours, or published no more.

    With ``even_gone`` a key that left in the ordinary way still counts until it is purged: an
    expired ID token says who is signing out (RP-Initiated Logout 1.0 section 2). One that was
    withdrawn never does.
    """
    held = key_ring.current().find(kid)
    if held is None:
        return None
    if held.state(now) == "gone" and (held.was_withdrawn or not even_gone):
        return None
    return held.algorithm.name, held.public


def next_change(*, now: datetime) -> datetime:
    """Return the next instant at which a key is planned to be announced, or to change its state."""
    keys = config.current().keys
    instants = [now + keys.rotation_interval]
    for key in key_ring.current():
        instants += [key.activates_at, key.retires_at or _announcement_due(key), key.gone_at or now]
    return min(instant for instant in instants if instant > now)


def ensure(*, now: datetime) -> None:
    """See to an active key for every configured algorithm, sealed by the newest root key.

    However many processes and nodes start at once, the first key of an algorithm is made once, and
    is active at once: nobody can have cached a key set without it.

    Raises:
        SealBrokenError: a key that has to sign does not open with the root keys that are present.
    """
    names = config.current().keys.algorithms
    ring = key_ring.current()
    newest = root_key.current().current.key_id
    if all(ring.active(name, now=now) for name in names) and all(
        key.root_key_id == newest for key in ring if key.state(now) != "gone"
    ):
        return
    with succession.alone():
        key_table.seal_anew(now=now)
        for name in names:
            succession.first(name, now=now)


def rotate(algorithm: str | None, *, immediate: bool, now: datetime) -> list[KeyRecord]:
    """Announce the next key of ``algorithm``, or of every one in use; return the new keys.

    It takes over once every cached key set must have been renewed; asked again before that, the
    same key is returned. ``immediate`` is for a compromise: every key there is stops counting at
    once, the new one signs at once. Tokens signed before are refused from now on, and a party that
    cached the key set must fetch it again.

    Raises:
        InvalidInputError: the algorithm is not one of those configured.
    """
    with succession.alone():
        kids = [
            succession.replace_all(name, now=now)
            if immediate
            else succession.announce(name, now=now)
            for name in _to_rotate(algorithm, now=now)
        ]
    return _named(kids, now)


def rotate_due(*, now: datetime) -> bool:
    """Announce the successors of the keys that come of age; tell whether there were any.

    For the periodic job. A key is announced early enough to take over when its predecessor reaches
    that age.
    """

    def due() -> list[str]:
        ring = key_ring.current()
        return [
            key.algorithm.name
            for key in ring
            if key.state(now) == "active"
            and key.retires_at is None
            and _announcement_due(key) <= now
        ]

    if not due():
        return False
    with succession.alone():
        key_ring.forget()
        names = due()
        for name in names:
            succession.announce(name, now=now)
    return bool(names)


def import_key(pem: bytes, *, algorithm: str, now: datetime) -> KeyRecord:
    """Announce the key in ``pem`` as the next; where there is none, it signs at once.

    Raises:
        InvalidInputError: it is no unencrypted private key for a configured algorithm, or too weak.
        ConflictError: the key is already here, or another is announced as the next.
    """
    [name] = _to_rotate(algorithm, now=now)
    key = from_pem(pem, ALGORITHMS[name])
    with succession.alone():
        if key_table.exists(thumbprint(key)):
            raise ConflictError("This key is already here.")
        if any(life.activates_at > now for life in key_table.lives(name, now=now)):
            raise ConflictError(f"Another key is already announced as the next for {name}.")
        kid = succession.announce(name, now=now, key=key)
    return _named([kid], now)[0]


def purge(now: datetime) -> int:
    """Delete the keys that not even signing out of an old session needs; return how many."""
    kept = config.current().sessions.absolute_timeout
    count = affected(delete(Row).where(Row.gone_at < now - kept))
    if count:
        key_ring.forget()
    return count


def _to_rotate(algorithm: str | None, *, now: datetime) -> list[str]:
    configured = config.current().keys.algorithms
    in_use = [name for name in ALGORITHMS if name in configured or key_table.lives(name, now=now)]
    if algorithm is None:
        return in_use
    if algorithm not in in_use:
        raise InvalidInputError(
            f"No keys are kept for that algorithm, only for {', '.join(in_use)}.", field="algorithm"
        )
    return [algorithm]


def _announcement_due(key: HeldKey) -> datetime:
    return key.activates_at + config.current().keys.rotation_interval - succession.notice()


def _named(kids: list[str], now: datetime) -> list[KeyRecord]:
    return [record for record in records(now=now) if record.kid in kids]


def _record(key: HeldKey, now: datetime) -> KeyRecord:
    return KeyRecord(
        kid=key.kid,
        algorithm=key.algorithm.name,
        state=key.state(now),
        announced_at=key.announced_at,
        activates_at=key.activates_at,
        retires_at=key.retires_at,
        gone_at=key.gone_at,
        public_jwk=key.public_jwk,
    )
