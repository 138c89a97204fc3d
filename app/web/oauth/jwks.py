"""``/.well-known/jwks.json``: the public keys.

Specs:
    RFC 7517 section 5                       JWK Set
    OpenID Connect Core 1.0 section 10.1.1   how long it may be remembered while keys rotate

Answered by ``app.web.constant_answers``, in front of Flask.
"""

from app.core import clock
from app.jose import jwks
from app.protocol.discovery.contributions import JWKS_PATH
from app.web.conditional import Content

PATH = JWKS_PATH


def content() -> Content:
    """Return the keys; they may be remembered until the next planned change, at most."""
    document = jwks.document(now=clock.now())
    return Content(document.body, document.max_age, document.until_change)
