"""The set-up link: how the first administrator comes in while there is nobody to let them in.

Specs:
    ASVS 5.0 6.4.1    an initial secret is random and short-lived, and becomes no password

Only who reads the server's terminal sees the link. It is a signed instant and nothing is stored; it
works once because a first administrator can be created only once.
"""

from datetime import datetime, timedelta

from app.core import clock, root_key, secrets
from app.core.errors import SignetError

LIFETIME = timedelta(minutes=60)
_PURPOSE = "set-up"
_INSTANT_BYTES = 8
_LONGEST = 128


class SetUpLinkInvalidError(SignetError):
    """The link is over or not ours. Nothing is shown but where to get a new one."""

    public = "This set-up link is no longer valid. Restart the server to get a new one."


def issue_token(now: datetime) -> str:
    """Return a new set-up token, valid for an hour from ``now``."""
    end = clock.epoch(now + LIFETIME).to_bytes(_INSTANT_BYTES)
    return secrets.encode(end + root_key.current().mac(_PURPOSE, end))


def check_token(token: str | None, now: datetime) -> None:
    """Accept a genuine token before its end.

    Raises:
        SetUpLinkInvalidError: anything else.
    """
    if not token or len(token) > _LONGEST:
        raise SetUpLinkInvalidError(detail="absent or too long")
    try:
        raw = secrets.decode(token)
    except ValueError:
        raise SetUpLinkInvalidError(detail="not canonical base64url") from None
    end, mac = raw[:_INSTANT_BYTES], raw[_INSTANT_BYTES:]
    if not root_key.current().verify(_PURPOSE, end, mac):
        raise SetUpLinkInvalidError(detail="not made with a root key of ours")
    # Compared as numbers: a genuine token always holds an instant, whatever its size.
    if int.from_bytes(end) <= clock.epoch(now):
        raise SetUpLinkInvalidError(detail="expired")
