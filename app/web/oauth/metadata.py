"""``/.well-known/openid-configuration`` and ``/.well-known/oauth-authorization-server``.

Specs:
    OpenID Connect Discovery 1.0 section 4    where it is, and what type it has
    RFC 8414 section 3                        the same for OAuth alone

Answered by ``app.web.constant_answers``, in front of Flask.
"""

from app.core.config import Settings
from app.protocol.discovery import metadata
from app.web.conditional import Content

PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def content(settings: Settings) -> Content:
    """Return the document; it may be remembered as long as the keys."""
    return Content(metadata.encoded(settings), int(settings.keys.jwks_max_age.total_seconds()))
