"""What a client calls a person.

Specs:
    OpenID Connect Core 1.0 section 2    sub: never reassigned, at most 255 ASCII characters
    OpenID Connect Core 1.0 section 8    subject types; ours are public
    RFC 9068 section 2.2                 a client acting for itself is its own subject
"""

from app.clients.registry import Client


def subject(client: Client, user_id: str | None) -> str:
    """Return ``sub`` of ``user_id`` towards ``client``."""
    return user_id if user_id is not None else client.client_id
