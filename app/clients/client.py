"""A client as a value: what it registered, and what the registry adds to it.

Specs:
    RFC 7591 section 2                         the metadata, under these names
    OpenID Connect Registration 1.0 section 2  further metadata
    RFC 8705 section 2.1.2                     the name in a certificate
    RFC 9101 section 10.5, RFC 9126 section 6  how requests have to come
    JARM 1.0 section 3                         signed answers
    OpenID Connect Back-Channel Logout 1.0 section 2.2, Front-Channel Logout 1.0 section 2

A :class:`Client` *is* a :class:`Registration`: an update takes ``dataclasses.replace(client, ...)``.
Both are immutable: the same value answers many requests at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

PUBLIC = "none"
CLIENT_SECRET_JWT = "client_secret_jwt"  # noqa: S105 - the name of a method
PRIVATE_KEY_JWT = "private_key_jwt"
TLS = "tls_client_auth"
SELF_SIGNED_TLS = "self_signed_tls_client_auth"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
# The names that a certificate can be known by; tls_client_auth has exactly one.
TLS_NAMES = (
    "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri",
    "tls_client_auth_san_ip", "tls_client_auth_san_email",
)  # fmt: skip
# The methods that prove a secret which we made.
SECRET_METHODS = ("client_secret_basic", "client_secret_post", CLIENT_SECRET_JWT)
PAIRWISE = "pairwise"


@dataclass(frozen=True)
class Registration:
    """What is asked for. ``scope`` and ``resources`` bound every token; lifetimes are seconds.

    ``access_token_lifetime`` and ``refresh_token_reuse_leeway`` left ``None`` follow the
    installation's settings. ``claim_mappings`` are for operators alone, as in ``claim_mappings``.
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
    jwks: Mapping[str, Any] | None = field(default=None, hash=False)
    jwks_uri: str | None = None
    token_endpoint_auth_signing_alg: str | None = None
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    request_object_signing_alg: str | None = None
    require_signed_request_object: bool = False
    request_uris: tuple[str, ...] = ()
    require_pushed_authorization_requests: bool = False
    id_token_encrypted_response_alg: str | None = None
    id_token_encrypted_response_enc: str | None = None
    userinfo_signed_response_alg: str | None = None
    userinfo_encrypted_response_alg: str | None = None
    userinfo_encrypted_response_enc: str | None = None
    authorization_signed_response_alg: str = "RS256"
    subject_type: str = "public"
    sector_identifier_uri: str | None = None
    default_acr_values: tuple[str, ...] = ()
    initiate_login_uri: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    software_id: str | None = None
    software_version: str | None = None
    claim_mappings: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)


@dataclass(frozen=True, kw_only=True)
class Client(Registration):
    """A registered client. ``secret_digests`` are pairs of SHA-256 and end; ``None`` is no end."""

    client_id: str
    disabled_at: datetime | None
    revoked_before: datetime | None
    created_at: datetime
    updated_at: datetime
    # It registered itself; ``registration_generation`` numbers its living registration token.
    is_dynamic: bool = False
    registration_generation: int = 0
    last_used_at: datetime | None = None
    software_statement: str | None = None
    secret_digests: tuple[tuple[str, datetime | None], ...] = field(default=(), repr=False)

    @property
    def is_public(self) -> bool:
        """Tell whether the client cannot keep a secret, and so never authenticates."""
        return self.token_endpoint_auth_method == PUBLIC

    @property
    def uses_secret(self) -> bool:
        """Tell whether the client authenticates with a secret that we made, sent or in a MAC."""
        return self.token_endpoint_auth_method in SECRET_METHODS

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

    @cached_property
    def sector(self) -> str:
        """Return the host whose clients know people by the same pairwise names; "" if there is none."""
        first = self.redirect_uris[0] if self.redirect_uris else ""
        return urlsplit(self.sector_identifier_uri or first).hostname or ""

    @cached_property
    def takes_part_in_logout(self) -> bool:
        """Tell whether the client wants to hear when a session ends."""
        return bool(self.backchannel_logout_uri or self.frontchannel_logout_uri)

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
    return values | {
        "scope": " ".join(registration.scope),
        "jwks": None if registration.jwks is None else dict(registration.jwks),
        "claim_mappings": [dict(each) for each in registration.claim_mappings],
    }


def from_row(row: Mapping[Any, Any], digests: Iterable[tuple[str, datetime | None]]) -> Client:
    """Return the client that a row of the table and its secrets describe."""
    values = {str(name): value for name, value in row.items()}
    values |= {name: tuple(values[name]) for name in _LISTS}
    values["scope"] = tuple(values["scope"].split())
    values["claim_mappings"] = tuple(values["claim_mappings"])
    return Client(**values, secret_digests=tuple(digests))
