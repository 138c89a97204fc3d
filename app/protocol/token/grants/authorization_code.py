"""grant_type=authorization_code.

Specs:
    RFC 6749 section 4.1.3                      the request, and what is checked
    RFC 7636 section 4.5, 4.6                   with its verifier
    OpenID Connect Core 1.0 section 3.1.3       with an ID token
"""

from app.clients.registry import Client
from app.core.secrets import equal
from app.protocol.errors import OAuthError
from app.protocol.extensions import pkce
from app.protocol.token.grant import TokenGrant, required
from app.protocol.token.narrowing import authorization_of
from app.tokens import authorization_codes, derivation, policy
from app.tokens.authorization import Authorization


class AuthorizationCodeGrant(TokenGrant):
    """Redeems a code, once."""

    GRANT_TYPE = "authorization_code"

    def authorize(self, client: Client) -> Authorization:
        """Return what the code conveys, provided that this client asked for it and can prove so."""
        code = required(self.parameters, "code")
        grant = authorization_codes.check(code, client_id=client.client_id, now=self.now)
        if not equal(required(self.parameters, "redirect_uri"), grant.redirect_uri):
            raise OAuthError(
                "invalid_grant", "redirect_uri is not that of the authorization request."
            )
        pkce.verify(grant.code_challenge, self.parameters.get("code_verifier"))
        self.grant = grant
        refresh_token = derivation.refresh_token(grant.id, 1) if grant.offline else None
        # RFC 6749 section 4.1.3 knows no scope here: what is sent is not looked at.
        return authorization_of(
            grant,
            client,
            scope=(),
            resources=self.parameters.resources,
            refresh_token=refresh_token,
        )

    def spend(self, authorization: Authorization) -> None:
        """Spend the code."""
        expires_at = policy.expiry_after_use(
            offline=self.grant.offline,
            ends_at=self.grant.ends_at,
            access_token=authorization.access_token_lifetime,
            now=self.now,
        )
        authorization_codes.redeem(self.grant, expires_at=expires_at, now=self.now)
