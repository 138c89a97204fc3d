"""Introspection: whether a token counts at this instant, told to those whom it concerns.

Specs:
    RFC 7662 section 2      request and answer
    RFC 7662 section 4      a caller learns only what it needs
    RFC 9470 section 6.2    acr and auth_time

A caller is told of tokens issued to itself and of tokens for an API that it is registered with; every other
token is simply not active.
"""

from datetime import datetime
from typing import Any

from app.clients import apis
from app.clients.registry import Client
from app.core import clock, config
from app.protocol.client_authentication.authenticate import authenticate
from app.protocol.server import Answer, MachineRequest, json_answer
from app.protocol.token.grant import required
from app.tokens import access_tokens, derivation, grants, policy, refresh_tokens, subjects
from app.tokens.access_tokens import AccessToken

_INACTIVE = {"active": False}


def introspect(request: MachineRequest) -> Answer:
    """Answer an introspection request.

    Raises:
        OAuthError: the caller is not an authenticated, confidential client, or sent no token.
    """
    caller = authenticate(request, allow_public=False)
    token = required(request.parameters, "token")
    described = _access_token(token, caller, request.now) or _refresh_token(
        token, caller, request.now
    )
    answer = json_answer(described or _INACTIVE)
    answer.client_id = caller.client_id
    return answer


def _access_token(token: str, caller: Client, now: datetime) -> dict[str, Any] | None:
    read = access_tokens.read(token, now=now)
    if read is None:
        return None
    # All that the token says, mapped claims too: whoever asks has it in hand and could read it there.
    told = {**read.claims, "active": True, "token_type": "Bearer", "scope": " ".join(read.scope)}
    return told if read.client_id == caller.client_id else _as_told_to_api(told, read, caller)


def _as_told_to_api(
    told: dict[str, Any], read: AccessToken, caller: Client
) -> dict[str, Any] | None:
    """Return what concerns the APIs that ``caller`` serves, if any does.

    A client serves the APIs it is registered with if no person can sign in to it: an application that
    merely calls an API is not told of others' tokens.
    """
    served = [] if caller.allows_grant("authorization_code") else caller.resources
    concerned = [api for each in read.audience if each in served and (api := apis.get(each))]
    if not concerned:
        return None
    known = {word for api in concerned for word in api.scopes}
    identifiers = [api.identifier for api in concerned]
    return told | {
        "aud": identifiers[0] if len(identifiers) == 1 else identifiers,
        "scope": " ".join(word for word in read.scope if word in known),
    }


def _refresh_token(token: str, caller: Client, now: datetime) -> dict[str, Any] | None:
    named = derivation.grant_of_refresh_token(token)
    grant = grants.find(named[0]) if named else None
    if named is None or grant is None or grant.client_id != caller.client_id:
        return None
    leeway = policy.reuse_leeway(caller)
    if not refresh_tokens.would_serve(grant, named[1], leeway=leeway, now=now):
        return None
    return {
        "active": True,
        "client_id": grant.client_id,
        "scope": " ".join(grant.scope),
        "sub": subjects.subject(caller, grant.user_id),
        "iss": config.current().issuer,
        "exp": clock.epoch(min(grant.expires_at, grant.ends_at)),
    }
