"""Which APIs a token is for.

Specs:
    RFC 8707 section 2        the resource parameter, and invalid_target
    RFC 9068 section 3        the audience when none is asked for
    ASVS 5.0 9.2.4            an audience names exactly the receivers

An API that is asked for by ``resource`` is the only audience. Where none is, the APIs are found by the scopes
that belong to them, and our own userinfo endpoint joins them if the token opens it.
"""

from dataclasses import dataclass

from app.clients import apis
from app.clients.apis import Api
from app.clients.registry import Client
from app.core import config
from app.protocol.errors import OAuthError
from app.protocol.extensions.scopes import invalid_scope
from app.tokens.claims import SCOPES


@dataclass(frozen=True)
class Receivers:
    """For whom a token is: ``audience`` as it stands in the token, and those of it that are APIs."""

    audience: tuple[str, ...]
    apis: tuple[Api, ...]


def resolve(client: Client, scope: tuple[str, ...], asked: tuple[str, ...]) -> Receivers:
    """Return for whom tokens with ``scope`` are.

    Raises:
        OAuthError: invalid_target: an API is unknown, not the client's, or cannot be told from the scope;
            invalid_scope: a scope belongs to none of the APIs.
    """
    own = {identifier: api for identifier in client.resources if (api := apis.get(identifier))}
    if foreign := set(asked) - set(own):
        raise invalid_target("The resource is not one that the client may ask for.", foreign)
    chosen = [own[identifier] for identifier in asked]
    for word in (word for word in scope if word not in SCOPES):
        if any(word in api.scopes for api in chosen):
            continue
        owners = [api for api in own.values() if word in api.scopes]
        if asked or not owners:
            raise invalid_scope(f"The scope {word} belongs to none of the resources.")
        if len(owners) > 1:
            raise invalid_target(f"The scope {word} belongs to several resources; name one.", ())
        chosen.append(owners[0])
    audience = tuple(api.identifier for api in chosen)
    if not asked and ("openid" in scope or not audience):
        audience = (*audience, config.current().userinfo_audience)
    return Receivers(audience, tuple(chosen))


def narrow(granted: tuple[str, ...], asked: tuple[str, ...], client: Client) -> Receivers:
    """Return for whom this one token is, within what was granted and what the client may still have.

    Raises:
        OAuthError: invalid_target: it was not granted, or nothing of it is left.
    """
    if set(asked) - set(granted):
        raise invalid_target("The resource was not granted.", asked)
    userinfo = config.current().userinfo_audience
    allowed = {userinfo, *client.resources}
    left = tuple(identifier for identifier in asked or granted if identifier in allowed)
    found = apis_among(left)
    known = {userinfo, *(api.identifier for api in found)}
    audience = tuple(identifier for identifier in left if identifier in known)
    if not audience:
        raise invalid_target("The resource is gone.", asked or granted)
    return Receivers(audience, found)


def apis_among(audience: tuple[str, ...]) -> tuple[Api, ...]:
    """Return the registered APIs in ``audience``; our own userinfo endpoint is none, and is not looked for."""
    userinfo = config.current().userinfo_audience
    named = (identifier for identifier in audience if identifier != userinfo)
    return tuple(api for identifier in named if (api := apis.get(identifier)))


def algorithm(client: Client, receivers: tuple[Api, ...]) -> str | None:
    """Return how an access token for ``receivers`` is signed, or ``None`` for the client's own choice.

    Raises:
        OAuthError: invalid_target: they want different algorithms and must be asked for one at a time.
    """
    if not receivers:
        return None
    own = client.access_token_signed_response_alg
    wanted = {api.access_token_signed_response_alg or own for api in receivers}
    if len(wanted) > 1:
        which = [api.identifier for api in receivers]
        raise invalid_target(
            "The resources want different signatures: ask for one at a time.", which
        )
    return wanted.pop()


def meaningful(scope: tuple[str, ...], receivers: Receivers) -> tuple[str, ...]:
    """Return the part of ``scope`` that speaks of the person or means something to one of the receivers."""
    known = {word for api in receivers.apis for word in api.scopes}
    return tuple(word for word in scope if word in SCOPES or word in known)


def invalid_target(public: str, which: object) -> OAuthError:
    """Return the error of RFC 8707 section 2."""
    return OAuthError("invalid_target", public, detail=repr(which))
