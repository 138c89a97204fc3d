"""The only mint: from an :class:`Authorization` to the answer of the token endpoint.

Specs:
    RFC 6749 section 5.1                        the successful answer
    OpenID Connect Core 1.0 section 3.1.3.3     with an ID token beside it

Minting changes nothing that is stored. It comes before the code or the refresh token is spent, so a failure to
sign leaves both usable.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.tokens import access_tokens, id_tokens
from app.tokens.authorization import Authorization


@dataclass(frozen=True)
class TokenSet:
    """What the client receives."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str | None = None
    id_token: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the members of the answer; what is absent is left out."""
        answer: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        }
        if self.scope:
            answer["scope"] = self.scope
        if self.refresh_token is not None:
            answer["refresh_token"] = self.refresh_token
        if self.id_token is not None:
            answer["id_token"] = self.id_token
        return answer


def mint(authorization: Authorization, *, now: datetime) -> TokenSet:
    """Sign what ``authorization`` conveys.

    Raises:
        NoSigningKeyError: no key may sign with the client's algorithm now.
    """
    access_token = access_tokens.mint(authorization, now=now)
    id_token = None
    if authorization.wants_id_token:
        id_token = id_tokens.mint(authorization, access_token=access_token, now=now)
    return TokenSet(
        access_token=access_token,
        expires_in=int(authorization.access_token_lifetime.total_seconds()),
        scope=" ".join(authorization.scope),
        refresh_token=authorization.refresh_token,
        id_token=id_token,
    )
