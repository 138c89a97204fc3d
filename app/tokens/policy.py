"""How long things live: the client's word, within the API's, within the installation's."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import ceil

from app.clients.apis import Api
from app.clients.registry import Client
from app.core import config

# So an idle lifetime is at most a 256th longer than was asked for.
_INSTANTS_A_LIFETIME = 256


def access_token_lifetime(client: Client, apis: Iterable[Api]) -> timedelta:
    """Return the life of an access token for ``apis``: the shortest that any party asks for."""
    asked = [api.access_token_lifetime for api in apis if api.access_token_lifetime is not None]
    if client.access_token_lifetime is not None:
        asked.append(client.access_token_lifetime)
    if asked:
        return timedelta(seconds=min(asked))
    return config.current().tokens.access_token_lifetime


def reuse_leeway(client: Client) -> timedelta:
    """Return for how long a refresh token just spent may be presented again by ``client``."""
    if client.refresh_token_reuse_leeway is not None:
        return timedelta(seconds=client.refresh_token_reuse_leeway)
    return config.current().tokens.refresh_token_reuse_leeway


def expiry_after_use(
    *, offline: bool, ends_at: datetime, access_token: timedelta, now: datetime
) -> datetime:
    """Return when a grant just used is over unless it is used again.

    A grant lives as long as the access token minted from it, and an offline one as long as it may idle. The idle
    time ends at one of the few instants at which such times end, so that most uses leave the row's index as it is.
    """
    idle_ends_at = now + access_token
    if offline:
        idle_ends_at = _rounded_up(now, config.current().tokens.refresh_token_idle_lifetime)
    return max(min(idle_ends_at, ends_at), now + access_token)


def _rounded_up(now: datetime, lifetime: timedelta) -> datetime:
    step = max(1.0, lifetime.total_seconds() / _INSTANTS_A_LIFETIME)
    return datetime.fromtimestamp(ceil((now + lifetime).timestamp() / step) * step, UTC)
