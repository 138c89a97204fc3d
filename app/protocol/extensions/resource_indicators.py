"""Which APIs a token is for.

Specs:
    RFC 8707 section 2        the resource parameter, and invalid_target
    RFC 9068 section 3        the audience when none is asked for
    ASVS 5.0 9.2.4            an audience names exactly the receivers

An API is asked for by ``resource``, or found by the scopes that belong to it. A token without any is for our own
userinfo endpoint alone.
"""

from app.clients import apis
from app.clients.apis import Api
from app.clients.registry import Client
from app.core import config
from app.protocol.errors import OAuthError
from app.protocol.extensions.scopes import invalid_scope
from app.tokens.claims import SCOPES


def resolve(client: Client, scope: tuple[str, ...], asked: tuple[str, ...]) -> tuple[Api, ...]:
    """Return the APIs that tokens with ``scope`` are for.

    Raises:
        OAuthError: invalid_target: an API is unknown, not the client's, or cannot be told from the scope;
            invalid_scope: a scope belongs to none of the APIs.
    """
    own = {identifier: api for identifier in client.resources if (api := apis.get(identifier))}
    if foreign := set(asked) - set(own):
        raise invalid_target("The resource is not one that the client may ask for.", foreign)
    wanted = [word for word in scope if word not in SCOPES]
    chosen = [own[identifier] for identifier in asked]
    for word in wanted:
        if any(word in api.scopes for api in chosen):
            continue
        owners = [api for api in own.values() if word in api.scopes]
        if asked or not owners:
            raise invalid_scope(f"The scope {word} belongs to none of the resources.")
        if len(owners) > 1:
            raise invalid_target(f"The scope {word} belongs to several resources; name one.", ())
        chosen.append(owners[0])
    return tuple(chosen)


def narrow(
    granted: tuple[str, ...], asked: tuple[str, ...], scope: tuple[str, ...]
) -> tuple[tuple[Api, ...], tuple[str, ...]]:
    """Return the APIs of this one token, within those of the grant, and the scope that means something there.

    Raises:
        OAuthError: invalid_target: an API was not granted, or is gone.
    """
    if set(asked) - set(granted):
        raise invalid_target("The resource was not granted.", asked)
    chosen = tuple(api for identifier in asked or granted if (api := apis.get(identifier)))
    if len(chosen) != len(asked or granted):
        raise invalid_target("A resource no longer exists.", asked or granted)
    meaningful = {word for api in chosen for word in api.scopes}
    return chosen, tuple(word for word in scope if word in SCOPES or word in meaningful)


def audience(chosen: tuple[Api, ...], scope: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``aud``: the APIs, and our userinfo endpoint when the token opens it or nothing else."""
    identifiers = tuple(api.identifier for api in chosen)
    if "openid" in scope or not identifiers:
        return (*identifiers, config.current().userinfo_audience)
    return identifiers


def invalid_target(public: str, which: object) -> OAuthError:
    """Return the error of RFC 8707 section 2."""
    return OAuthError("invalid_target", public, detail=repr(which))
