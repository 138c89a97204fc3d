"""grant_type=refresh_token.

Specs:
    RFC 6749 section 6                       the scope may narrow, never widen
    OpenID Connect Core 1.0 section 12       the new ID token tells of the same sign-in
    RFC 9700 section 4.14.2                  rotation
"""

from dataclasses import replace

from app.clients.registry import Client
from app.protocol.token.grant import TokenGrant, required
from app.protocol.token.narrowing import authorization_of
from app.tokens import policy, refresh_tokens
from app.tokens.authorization import Authorization


class RefreshTokenGrant(TokenGrant):
    """Rotates a refresh token."""

    GRANT_TYPE = "refresh_token"

    def authorize(self, client: Client) -> Authorization:
        """Return what the refresh token conveys, narrowed as asked."""
        token = required(self.parameters, "refresh_token")
        self.leeway = policy.reuse_leeway(client)
        self.presented = refresh_tokens.check(
            token, client_id=client.client_id, leeway=self.leeway, now=self.now
        )
        grant = self.presented.grant
        authorization = authorization_of(
            grant,
            client,
            scope=self.parameters.words("scope"),
            resources=self.parameters.resources,
            refresh_token=self.presented.successor,
        )
        # Core section 12.2: the nonce answered the authorization request and is not repeated.
        authentication = replace(grant.authentication, nonce=None)
        return replace(authorization, authentication=authentication)

    def spend(self, authorization: Authorization) -> None:
        """Spend the presented token."""
        grant = self.presented.grant
        expires_at = policy.expiry_after_use(
            offline=grant.offline,
            ends_at=grant.ends_at,
            access_token=authorization.access_token_lifetime,
            now=self.now,
        )
        refresh_tokens.rotate(
            self.presented, expires_at=expires_at, leeway=self.leeway, now=self.now
        )
