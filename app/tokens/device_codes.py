"""Device authorizations: a device waits, a person types its code elsewhere and decides.

Specs:
    RFC 8628 sections 3.2, 3.4, 3.5    the two codes, and what a device hears while it waits
    RFC 8628 sections 5.1, 5.2, 6.1    nobody can guess either; letters that nobody confuses

The device code is derived from the row like any other code. Of the user code, which is short, the row holds a MAC
that is looked for. What is decided and how often is asked are conditional updates, so no two can win.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import bindparam, delete, select, update

from app.audit import events
from app.audit.events import Kind, Subjects
from app.core import config, root_key
from app.core.db import affected, db, own_insert, table_of
from app.core.errors import SignetError
from app.core.reading import Query
from app.core.secrets import encode, new_id, new_letters
from app.core.writing import Change
from app.models.requests import DeviceAuthorization as Row
from app.tokens import derivation, grants
from app.tokens.grants import Grant

# No vowel, so that no word comes of it, and nothing that looks like another letter in capitals.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH = 8
_GROUP = 4
_PURPOSE = "user-code"
_DRAWS = 8
_SLOWER_BY = 5
# An interval longer than any life of a code need not grow.
_SLOWEST = 3600
# What a network may take off the time between two polls.
_JITTER = timedelta(milliseconds=500)


class AuthorizationPendingError(SignetError):
    """The person has not decided yet; the device asks again later."""

    public = "The person has not decided yet."


class SlowDownError(SignetError):
    """The device asks too often; from now on it has to wait longer."""

    public = "The device asks too often."


class DeviceDeniedError(SignetError):
    """The person refused; the device gets nothing."""

    public = "The person refused."


class DeviceCodeExpiredError(SignetError):
    """Nobody decided in time; the device begins anew."""

    public = "The device code has expired."


class DeviceCodeInvalidError(SignetError):
    """It is no device code of this client, or was used; nothing is issued."""

    public = "The device code is not valid."


@dataclass(frozen=True)
class NewDevice:
    """What a device asks for, and from where. ``acr_values`` is the condition on the sign-in, if any."""

    client_id: str
    scope: tuple[str, ...]
    resources: tuple[str, ...]
    acr_values: tuple[str, ...]
    address: str | None


@dataclass(frozen=True)
class Started:
    """What the device is told. The interval is in seconds."""

    device_code: str
    user_code: str
    expires_at: datetime
    interval: int


@dataclass(frozen=True)
class PendingDevice(NewDevice):
    """A device that waits for a decision."""

    id: str
    created_at: datetime
    expires_at: datetime


_TABLE = table_of(Row)
_T = _TABLE.c
_FIND = Query(select(_TABLE).where(_T.id == bindparam("device")))
_UNDECIDED = (_T.id == bindparam("device")) & _T.decided_at.is_(None)
_POLLED = Change(
    update(_TABLE)
    .where(_UNDECIDED, _T.polled_at.is_(None) | (_T.polled_at <= bindparam("before")))
    .values(polled_at=bindparam("now"))
)
_SLOWED = Change(
    update(_TABLE)
    .where(_UNDECIDED, _T.interval < _SLOWEST)
    .values(interval=_T.interval + _SLOWER_BY, polled_at=bindparam("now"))
)
_DECIDE = (
    update(_TABLE)
    .where(_UNDECIDED, _T.expires_at > bindparam("now"))
    .values(decided_at=bindparam("now"))
)
_GIVE = update(_TABLE).where(_T.id == bindparam("device")).values(grant_id=bindparam("grant"))


def normal(user_code: str) -> str | None:
    """Return what a person typed in the form that devices show, or ``None`` if no code can be meant.

    Case, hyphens and blanks count for nothing.
    """
    letters = "".join(each for each in user_code.upper() if each in ALPHABET)
    strange = any(each.isalnum() and each not in ALPHABET for each in user_code.upper())
    if strange or len(letters) != _CODE_LENGTH:
        return None
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"


def start(new: NewDevice, *, now: datetime) -> Started:
    """Remember that a device waits; return its codes, for the only time."""
    settings = config.current().devices
    interval = max(1, round(settings.interval.total_seconds()))
    values = {
        "id": new_id(),
        "client_id": new.client_id,
        "scope": " ".join(new.scope),
        "resources": " ".join(new.resources),
        "acr_values": " ".join(new.acr_values),
        "created_at": now,
        "expires_at": now + settings.lifetime,
        "interval": interval,
        "address": new.address,
    }
    statement = own_insert(_TABLE).on_conflict_do_nothing().returning(_T.id)
    for _ in range(_DRAWS):
        user_code = _drawn()
        key = encode(root_key.current().mac(_PURPOSE, user_code.encode()))
        if db.session.scalar(statement.values(values | {"user_code_key": key})) is not None:
            code = derivation.device_code(str(values["id"]))
            return Started(code, user_code, now + settings.lifetime, interval)
    raise RuntimeError("every user code that was drawn is in use")


def pending(user_code: str, *, now: datetime) -> PendingDevice | None:
    """Return the device that shows ``user_code`` and still waits, or ``None``. Any input is safe."""
    code = normal(user_code)
    if code is None:
        return None
    # A root key may have been added since the code was made.
    keys = [encode(mac) for mac in root_key.current().macs(_PURPOSE, code.encode())]
    statement = select(_TABLE).where(
        _T.user_code_key.in_(keys), _T.decided_at.is_(None), _T.expires_at > now
    )
    row = db.session.execute(statement).first()
    return None if row is None else _pending(row)


def decide(device: PendingDevice, *, now: datetime) -> bool:
    """Close the question; tell whether it was still open and in time: of all who try, one is told so.

    Unless ``give`` follows in the same transaction the device is refused.
    """
    return affected(_DECIDE, {"device": device.id, "now": now}) == 1


def give(device: PendingDevice, grant_id: str) -> None:
    """Give the device what the person who decided has granted it."""
    affected(_GIVE, {"device": device.id, "grant": grant_id})


def poll(device_code: str, *, client_id: str, now: datetime) -> Grant:
    """Return the grant that a person gave the device.

    Raises:
        AuthorizationPendingError: nobody has decided yet.
        SlowDownError: it asked too soon after the last time.
        DeviceDeniedError: the person refused.
        DeviceCodeExpiredError: nobody decided in time, or what was granted was not fetched in time.
        DeviceCodeInvalidError: it is no code of this client, or what was granted is over.
    """
    device_id = derivation.device_of_code(device_code)
    row = _FIND.first({"device": device_id}) if device_id else None
    if row is None:
        raise DeviceCodeInvalidError(detail="not a device code of ours")
    if row.client_id != client_id:
        raise DeviceCodeInvalidError(detail=f"device {row.id} is another client's")
    if row.decided_at is None:
        _wait(row, now)
    return _granted(row, client_id, now)


def purge(ended_before: datetime, *, batch: int) -> int:
    """Delete up to ``batch`` devices that were over before ``ended_before``; return how many."""
    doomed = select(_T.id).where(_T.expires_at < ended_before).limit(batch)
    chosen = doomed.with_for_update(skip_locked=True)
    return affected(delete(_TABLE).where(_T.id.in_(chosen)))


def _wait(row: Any, now: datetime) -> NoReturn:
    if now >= row.expires_at:
        raise DeviceCodeExpiredError(detail=f"device {row.id}")
    before = now - timedelta(seconds=row.interval) + _JITTER
    if _POLLED.affected({"device": row.id, "now": now, "before": before}) == 1:
        raise AuthorizationPendingError(detail=f"device {row.id}")
    _SLOWED.affected({"device": row.id, "now": now})
    raise SlowDownError(detail=f"device {row.id}")


def _granted(row: Any, client_id: str, now: datetime) -> Grant:
    if row.grant_id is None:
        raise DeviceDeniedError(detail=f"device {row.id}")
    grant = grants.find(row.grant_id)
    if grant is None or not grant.device or grant.client_id != client_id:
        raise DeviceCodeInvalidError(detail=f"the grant of device {row.id} is gone")
    if grant.redeemed_at is not None:
        _reused(grant, now)
    if not grant.is_alive(now) and now < grant.code_expires_at:
        raise DeviceCodeInvalidError(detail=f"the grant of device {row.id} was ended")
    if now >= grant.code_expires_at:
        raise DeviceCodeExpiredError(detail=f"device {row.id} did not come back in time")
    return grant


def _reused(grant: Grant, now: datetime) -> NoReturn:
    if grants.revoke(grant.id, reason="code_reused", now=now):
        session_id = grant.authentication.session_id
        about = Subjects(grant.user_id, grant.client_id, session_id, grant.id)
        events.record(Kind.DEVICE_CODE_REUSED, now=now, outcome="refused", about=about)
    raise DeviceCodeInvalidError(detail=f"the device code of grant {grant.id} was used before")


def _drawn() -> str:
    letters = new_letters(ALPHABET, _CODE_LENGTH)
    return f"{letters[:_GROUP]}-{letters[_GROUP:]}"


def _pending(row: Any) -> PendingDevice:
    return PendingDevice(
        client_id=row.client_id,
        scope=tuple(row.scope.split()),
        resources=tuple(row.resources.split()),
        acr_values=tuple(row.acr_values.split()),
        address=row.address,
        id=row.id,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
