"""From a grant to the authorization of one answer: within what the person allowed, never beyond.

Specs:
    RFC 6749 section 6        scope at the token endpoint
    RFC 8707 section 2.2      resource at the token endpoint
"""

from app.clients.registry import Client
from app.protocol.extensions import resource_indicators, scopes
from app.protocol.parameters import Parameters
from app.tokens import policy
from app.tokens.authorization import Authorization
from app.tokens.grants import Grant


def authorization_of(
    grant: Grant, client: Client, parameters: Parameters, *, refresh_token: str | None
) -> Authorization:
    """Return what ``grant`` conveys in answer to ``parameters``.

    Raises:
        OAuthError: invalid_scope or invalid_target: more was asked for than was granted.
    """
    scope = scopes.narrowed(grant.scope, parameters.words("scope"))
    apis, scope = resource_indicators.narrow(grant.resources, parameters.resources, scope)
    return Authorization(
        client=client,
        scope=scope,
        audience=resource_indicators.audience(apis, scope),
        access_token_lifetime=policy.access_token_lifetime(client, apis),
        user_id=grant.user_id,
        grant_id=grant.id,
        authentication=grant.authentication,
        refresh_token=refresh_token,
    )
