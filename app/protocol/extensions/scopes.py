"""Scopes: a client gets what it is registered for, and says so when it asks for more.

Specs:
    RFC 6749 section 3.3                      syntax
    OpenID Connect Core 1.0 section 11        when offline_access counts
    ASVS 5.0 10.4.11                          only assigned scopes
"""

import re

from app.clients.registry import Client
from app.protocol.errors import OAuthError

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")


def requested(client: Client, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scope that ``client`` asks for, checked against its registration.

    Raises:
        OAuthError: invalid_scope: none, malformed, or not assigned to the client.
    """
    if not words:
        raise invalid_scope("A scope is required.")
    for word in words:
        if not _TOKEN.fullmatch(word):
            raise invalid_scope("The scope is malformed.")
        if word not in client.scopes:
            raise invalid_scope(f"The client is not registered for the scope {word}.")
    if "offline_access" in words and not client.allows_grant("refresh_token"):
        # Core section 11 has us ignore the request rather than refuse it.
        return tuple(word for word in words if word != "offline_access")
    return words


def narrowed(granted: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``words`` if they stay within ``granted``, or all of it when there are none (RFC 6749 section 6).

    Raises:
        OAuthError: invalid_scope: it asks for more than was granted.
    """
    if set(words) - set(granted):
        raise invalid_scope("The scope exceeds what was granted.")
    return words or granted


def invalid_scope(public: str) -> OAuthError:
    """Return the error for a scope that cannot be given."""
    return OAuthError("invalid_scope", public)
