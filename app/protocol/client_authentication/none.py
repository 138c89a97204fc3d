"""The method ``none``: a public client names itself and proves nothing; PKCE protects its codes.

Specs:
    RFC 6749 section 2.1, 3.2.1    public clients, and how they identify themselves
    RFC 7636                       what protects them
"""

from app.clients.registry import Client
from app.protocol.client_authentication.presented import Presented


def proves(client: Client | None, _: Presented) -> bool:
    """Tell whether the client is one that has nothing to prove."""
    return client is not None and client.is_public
