"""The metadata document: what a client needs to know to use this server.

Specs:
    OpenID Connect Discovery 1.0 section 3    the document
    RFC 8414 section 2                        the same for OAuth alone

One document answers both well-known paths. It depends on the settings alone, so it is the same
bytes on every node and for as long as a process runs.
"""

import json
from typing import Any

from app.core.config import Settings
from app.protocol.discovery.contributions import CONTRIBUTIONS


def document(settings: Settings) -> dict[str, Any]:
    """Return the metadata of this installation.

    Raises:
        ValueError: two features claim one member, or a member says nothing (null, or an empty
        list).
    """
    members: dict[str, Any] = {"issuer": settings.issuer}
    for contribute in CONTRIBUTIONS:
        for name, value in contribute(settings).items():
            if name in members:
                raise ValueError(f"two features announce {name}")
            if value is None or value in ("", []):
                raise ValueError(f"{name} says nothing")
            members[name] = value
    return members


def encoded(settings: Settings) -> bytes:
    """Return the metadata of this installation as JSON."""
    return json.dumps(document(settings), separators=(",", ":")).encode()
