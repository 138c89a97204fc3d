"""Revocation: a client hands back what it no longer needs.

Specs:
    RFC 7009 section 2.1    the request: any of our tokens, whatever the hint says
    RFC 7009 section 2.2    200 for what is unknown; a foreign token stays as it is
"""

from app.audit import events
from app.audit.events import Kind, Subjects
from app.protocol.client_authentication.authenticate import authenticate
from app.protocol.server import Answer, MachineRequest, json_answer
from app.protocol.token.grant import required
from app.tokens import access_tokens, derivation, grants, revocation


def revoke(request: MachineRequest) -> Answer:
    """Answer a revocation request; a refresh token takes its whole grant along.

    Raises:
        OAuthError: the client is not authenticated, or sent no token.
    """
    client = authenticate(request)
    token = required(request.parameters, "token")
    # The hint is not read: the token itself tells what it is.
    if named := derivation.grant_of_refresh_token(token):
        grant = grants.find(named[0])
        if grant is not None and grant.client_id == client.client_id:
            revocation.of_grant(grant.id, reason="revoked_by_client", now=request.now)
    else:
        read = access_tokens.read(token, now=request.now)
        if read is not None and read.client_id == client.client_id:
            access_tokens.deny(read.jti, expires_at=read.expires_at)
            about = Subjects(read.user_id, read.client_id, read.session_id, read.grant_id)
            events.record(
                Kind.TOKEN_REVOKED, now=request.now, about=about, detail={"jti": read.jti}
            )
    answer = json_answer({})
    answer.client_id = client.client_id
    return answer
