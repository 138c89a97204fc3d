"""A client as a value: what it registered, and what the registry adds to it.

Specs:
    RFC 7591 section 2                         the metadata, under these names
    OpenID Connect Registration 1.0 section 2  further metadata

A :class:`Client` *is* a :class:`Registration`: an update takes ``dataclasses.replace(client, ...)``.
Both are immutable: the same value answers many requests at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any

PUBLIC = "none"


@dataclass(frozen=True)
class Registration:
    """What is asked for. ``scope`` and ``resources`` bound every token; lifetimes are seconds.

    ``access_token_lifetime`` and ``refresh_token_reuse_leeway`` left ``None`` follow the
    installation's settings.
    """

    client_name: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code",)
    scope: tuple[str, ...] = ("openid",)
    resources: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 - the name of a method
    application_type: str = "web"
    id_token_signed_response_alg: str = "RS256"  # noqa: S105 - an algorithm
    access_token_signed_response_alg: str = "RS256"  # noqa: S105 - the same
    require_pkce: bool = True
    skip_consent: bool = False
    default_max_age: int | None = None
    require_auth_time: bool = False
    access_token_lifetime: int | None = None
    refresh_token_reuse_leeway: int | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Client(Registration):
    """A registered client. ``secret_digests`` are pairs of SHA-256 and end; ``None`` is no end."""

    client_id: str
    disabled_at: datetime | None
    revoked_before: datetime | None
    created_at: datetime
    updated_at: datetime
    secret_digests: tuple[tuple[str, datetime | None], ...] = field(default=(), repr=False)

    @property
    def is_public(self) -> bool:
        """Tell whether the client cannot keep a secret, and so never authenticates."""
        return self.token_endpoint_auth_method == PUBLIC

    @property
    def is_native(self) -> bool:
        """Tell whether the client is an app on a device (RFC 8252)."""
        return self.application_type == "native"

    @property
    def is_disabled(self) -> bool:
        """Tell whether the operator has switched the client off."""
        return self.disabled_at is not None

    @cached_property
    def scopes(self) -> frozenset[str]:
        """Return the scopes that the client may ask for."""
        return frozenset(self.scope)

    def allows_grant(self, grant_type: str) -> bool:
        """Tell whether the client registered for ``grant_type``."""
        return grant_type in self.grant_types


REGISTERED = tuple(each.name for each in fields(Registration))
_LISTS = tuple(
    each.name
    for each in fields(Registration)
    if each.type == tuple[str, ...] and each.name != "scope"
)


def to_columns(registration: Registration) -> dict[str, Any]:
    """Return the columns that hold ``registration``."""
    values = {name: getattr(registration, name) for name in REGISTERED}
    values |= {name: list(values[name]) for name in _LISTS}
    return values | {"scope": " ".join(registration.scope)}


def from_row(row: Mapping[Any, Any], digests: Iterable[tuple[str, datetime | None]]) -> Client:
    """Return the client that a row of the table and its secrets describe."""
    values = {str(name): value for name, value in row.items()}
    values |= {name: tuple(values[name]) for name in _LISTS}
    values["scope"] = tuple(values["scope"].split())
    return Client(**values, secret_digests=tuple(digests))
