"""Known browsers: a cookie by which a browser shows that a person has signed in with it before.

Specs:
    ASVS 5.0 6.1.1, 6.3.1    strangers who guess must not keep the owner out

The value proves nothing else and opens nothing. Failures from a known browser are counted apart from
those of strangers, so whatever strangers do, the owner's own browser is not slowed down. Nothing is
stored. A value is good for one password: once that is changed, whoever signed in with it is a
stranger again.
"""

import os
from datetime import datetime

from app.core import root_key
from app.core.secrets import ID_BYTES, decode, encode

_PREFIX = "sgd_"
_PURPOSE = "device"
_MAC_BYTES = 32
_LENGTH = len(_PREFIX) + 64


def issue(user_id: str, *, password_changed_at: datetime | None) -> str:
    """Return a new cookie value for a browser in which ``user_id`` has just signed in.

    ``password_changed_at`` is since when the person has the password they have.
    """
    device = os.urandom(ID_BYTES)
    message = _message(device, user_id, password_changed_at)
    return _PREFIX + encode(device + root_key.current().mac(_PURPOSE, message))


def is_known(value: str | None, user_id: str, *, password_changed_at: datetime | None) -> bool:
    """Tell whether ``value`` was issued to a browser of ``user_id``, for the password of today."""
    if value is None or len(value) != _LENGTH or not value.startswith(_PREFIX):
        return False
    try:
        raw = decode(value.removeprefix(_PREFIX))
    except ValueError:
        return False
    device, mac = raw[:ID_BYTES], raw[ID_BYTES:]
    message = _message(device, user_id, password_changed_at)
    return root_key.current().verify(_PURPOSE, message, mac)


def _message(device: bytes, user_id: str, password_changed_at: datetime | None) -> bytes:
    password = password_changed_at.isoformat() if password_changed_at else ""
    return device + f"{user_id}|{password}".encode()
