"""Front-channel logout: the addresses that a browser has to visit when its session ends.

Specs:
    OpenID Connect Front-Channel Logout 1.0 section 2    what a client registers; its own query stays
    OpenID Connect Front-Channel Logout 1.0 section 3    iss and sid, both or none

Each client gets its own name for the session, so no address says anything to another client.
"""

from app.clients import registry
from app.core import config
from app.identity import sessions
from app.protocol.authorization.response_modes.query import appended
from app.tokens import session_clients

# A browser that has to open more frames than this does not get anywhere.
MOST = 50


def notices(session_id: str) -> tuple[str, ...]:
    """Return the addresses to be visited when this session ends, at most ``MOST``; ask before it does."""
    settings = config.current()
    if not settings.logout.front_channel:
        return ()
    found = []
    for client_id in session_clients.front_channel(session_id)[:MOST]:
        client = registry.get(client_id)
        if client is not None and client.frontchannel_logout_uri is not None:
            told = {"iss": settings.issuer, "sid": sessions.sid(session_id, client_id)}
            found.append(appended(client.frontchannel_logout_uri, told))
    return tuple(found)
