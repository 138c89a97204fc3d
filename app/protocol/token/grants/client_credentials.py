"""grant_type=client_credentials.

Specs:
    RFC 6749 section 4.4    a client acts for itself; no refresh token, no ID token
"""

from app.clients.registry import Client
from app.protocol.errors import OAuthError
from app.protocol.extensions import resource_indicators, scopes
from app.protocol.token.grant import TokenGrant
from app.tokens import claim_mappings, policy
from app.tokens.authorization import Authorization
from app.tokens.claims import SCOPES


class ClientCredentialsGrant(TokenGrant):
    """Issues a token to the client itself. Nothing is written: the token rests on the client's own state."""

    GRANT_TYPE = "client_credentials"

    def authorize(self, client: Client) -> Authorization:
        """Return what the client may do in its own name."""
        if client.is_public:
            raise OAuthError("unauthorized_client", "A public client cannot act for itself.")
        asked = self.parameters.words("scope")
        if personal := set(asked) & set(SCOPES):
            raise scopes.invalid_scope(f"The scope {min(personal)} speaks of a person.")
        own = tuple(word for word in client.scope if word not in SCOPES)
        scope = scopes.requested(client, asked) if asked else own
        resources = self.parameters.resources
        if not asked and resources:
            scope = resource_indicators.meaningful(
                scope, resource_indicators.resolve(client, (), resources)
            )
        receivers = resource_indicators.resolve(client, scope, resources)
        return Authorization(
            client=client,
            scope=scope,
            audience=receivers.audience,
            access_token_lifetime=policy.access_token_lifetime(client, receivers.apis),
            algorithm=resource_indicators.algorithm(client, receivers.apis),
            mappings=claim_mappings.of(client, receivers.apis),
        )
