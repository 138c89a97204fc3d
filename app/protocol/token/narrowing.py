"""From a grant to the authorization of one answer: within what the person allowed, never beyond.

Specs:
    RFC 6749 section 6        scope at the token endpoint
    RFC 8707 section 2.2      resource at the token endpoint
"""

from app.clients.registry import Client
from app.protocol.extensions import resource_indicators, scopes
from app.tokens import claim_mappings, policy
from app.tokens.authorization import Authorization
from app.tokens.grants import Grant


def authorization_of(
    grant: Grant,
    client: Client,
    *,
    scope: tuple[str, ...],
    resources: tuple[str, ...],
    refresh_token: str | None,
) -> Authorization:
    """Return what ``grant`` conveys when ``scope`` and ``resources`` are asked for; all of it when none are.

    What the client is no longer registered for is left out, however long ago it was granted.

    Raises:
        OAuthError: invalid_scope or invalid_target: more was asked for than was granted.
    """
    receivers = resource_indicators.narrow(grant.resources, resources, client)
    narrowed = scopes.narrowed(grant.scope, scope)
    still = tuple(word for word in narrowed if word in client.scopes)
    return Authorization(
        client=client,
        scope=resource_indicators.meaningful(still, receivers),
        audience=receivers.audience,
        access_token_lifetime=policy.access_token_lifetime(client, receivers.apis),
        user_id=grant.user_id,
        grant_id=grant.id,
        authentication=grant.authentication,
        refresh_token=refresh_token,
        claims=grant.claims,
        algorithm=resource_indicators.algorithm(client, receivers.apis),
        mappings=claim_mappings.of(client, receivers.apis),
    )
