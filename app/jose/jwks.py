"""The public key set, as bytes that are made once for each change.

Specs:
    RFC 7517 section 5                       JWK Set
    OpenID Connect Core 1.0 section 10.1.1   how long it may be cached while keys rotate
"""

import json
from dataclasses import dataclass
from datetime import datetime

from app.core import config
from app.jose import signing_keys


@dataclass(frozen=True)
class KeySetDocument:
    """The JWK Set, for how many seconds it may be kept, and for how many nothing is planned to change."""

    body: bytes
    max_age: int
    until_change: int


# The bytes follow from kids and algorithms alone, for a kid is the thumbprint of its key; so one slot serves
# any database.
_made: tuple[tuple[tuple[str, str], ...], bytes] = ((), b'{"keys":[]}')


def document(*, now: datetime) -> KeySetDocument:
    """Return the published keys, to be kept no longer than until the next planned change."""
    global _made  # noqa: PLW0603 - replaced as one value, so no thread sees half of it
    keys = signing_keys.published(now=now)
    kids = tuple((key.kid, key.algorithm) for key in keys)
    made = _made
    if made[0] != kids:
        body = json.dumps({"keys": [dict(key.public_jwk) for key in keys]}, separators=(",", ":"))
        made = _made = (kids, body.encode("ascii"))
    until_change = int((signing_keys.next_change(now=now) - now).total_seconds())
    longest = int(config.current().keys.jwks_max_age.total_seconds())
    return KeySetDocument(made[1], min(longest, until_change), until_change)
