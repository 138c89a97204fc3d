"""The noun in which every grant type ends: what this one answer conveys, and to whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clients.claim_mappings import ClaimMapping
from app.clients.registry import Client


@dataclass(frozen=True)
class Authentication:
    """How and when the person signed in, as the ID token tells it (OpenID Connect Core 1.0 section 2)."""

    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    session_id: str
    nonce: str | None = None


@dataclass(frozen=True)
class Authorization:
    """A grant narrowed for one answer; a client acting for itself has neither user nor grant."""

    client: Client
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    access_token_lifetime: timedelta
    user_id: str | None = None
    grant_id: str | None = None
    authentication: Authentication | None = None
    refresh_token: str | None = None
    # The claims parameter that the grant was asked for with, as canonical JSON.
    claims: str | None = None
    # How the access token is signed; None leaves it to the client.
    algorithm: str | None = None
    mappings: tuple[ClaimMapping, ...] = ()

    @property
    def wants_id_token(self) -> bool:
        """Tell whether an ID token belongs in the answer."""
        return self.authentication is not None and "openid" in self.scope
