"""Registered clients with what belongs to them, and registered APIs. Owned by ``app.clients``."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Instant


class Client(Base):
    """A registered client; the metadata names are those of RFC 7591 section 2."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    client_name: Mapped[str] = mapped_column(String(256))
    application_type: Mapped[str] = mapped_column(String(16), default="web")
    redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(default=list)
    grant_types: Mapped[list[str]] = mapped_column(default=list)
    scope: Mapped[str] = mapped_column(Text, default="")
    # Identifiers of the registered APIs that tokens of this client may be for.
    resources: Mapped[list[str]] = mapped_column(default=list)
    # Browser origins that may call the token, userinfo, revocation and introspection endpoints.
    allowed_origins: Mapped[list[str]] = mapped_column(default=list)
    token_endpoint_auth_method: Mapped[str] = mapped_column(String(32))
    id_token_signed_response_alg: Mapped[str] = mapped_column(String(8), default="RS256")
    access_token_signed_response_alg: Mapped[str] = mapped_column(String(8), default="RS256")
    require_pkce: Mapped[bool] = mapped_column(default=True)
    # For the operator's own applications: people are not asked for consent.
    skip_consent: Mapped[bool] = mapped_column(default=False)
    default_max_age: Mapped[int | None]
    require_auth_time: Mapped[bool] = mapped_column(default=False)
    # Seconds; NULL means the installation's setting.
    access_token_lifetime: Mapped[int | None]
    refresh_token_reuse_leeway: Mapped[int | None]
    client_uri: Mapped[str | None] = mapped_column(Text)
    logo_uri: Mapped[str | None] = mapped_column(Text)
    policy_uri: Mapped[str | None] = mapped_column(Text)
    tos_uri: Mapped[str | None] = mapped_column(Text)
    contacts: Mapped[list[str]] = mapped_column(default=list)
    # Public keys: the set itself, or where it is; never both.
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    jwks_uri: Mapped[str | None] = mapped_column(Text)
    token_endpoint_auth_signing_alg: Mapped[str | None] = mapped_column(String(8))
    # One of them with tls_client_auth: the name in the certificate.
    tls_client_auth_subject_dn: Mapped[str | None] = mapped_column(Text)
    tls_client_auth_san_dns: Mapped[str | None] = mapped_column(Text)
    tls_client_auth_san_uri: Mapped[str | None] = mapped_column(Text)
    tls_client_auth_san_ip: Mapped[str | None] = mapped_column(Text)
    tls_client_auth_san_email: Mapped[str | None] = mapped_column(Text)
    # NULL means any that we verify.
    request_object_signing_alg: Mapped[str | None] = mapped_column(String(8))
    require_signed_request_object: Mapped[bool] = mapped_column(default=False)
    request_uris: Mapped[list[str]] = mapped_column(default=list)
    require_pushed_authorization_requests: Mapped[bool] = mapped_column(default=False)
    id_token_encrypted_response_alg: Mapped[str | None] = mapped_column(String(16))
    id_token_encrypted_response_enc: Mapped[str | None] = mapped_column(String(16))
    # NULL means plain JSON.
    userinfo_signed_response_alg: Mapped[str | None] = mapped_column(String(8))
    userinfo_encrypted_response_alg: Mapped[str | None] = mapped_column(String(16))
    userinfo_encrypted_response_enc: Mapped[str | None] = mapped_column(String(16))
    authorization_signed_response_alg: Mapped[str] = mapped_column(String(8), default="RS256")
    subject_type: Mapped[str] = mapped_column(String(8), default="public")
    sector_identifier_uri: Mapped[str | None] = mapped_column(Text)
    default_acr_values: Mapped[list[str]] = mapped_column(default=list)
    initiate_login_uri: Mapped[str | None] = mapped_column(Text)
    backchannel_logout_uri: Mapped[str | None] = mapped_column(Text)
    backchannel_logout_session_required: Mapped[bool] = mapped_column(default=False)
    frontchannel_logout_uri: Mapped[str | None] = mapped_column(Text)
    frontchannel_logout_session_required: Mapped[bool] = mapped_column(default=False)
    software_id: Mapped[str | None] = mapped_column(String(255))
    software_version: Mapped[str | None] = mapped_column(String(255))
    # The operator's alone: what of a person goes into the tokens of this client.
    claim_mappings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    # Whether it registered itself.
    is_dynamic: Mapped[bool] = mapped_column(default=False)
    # The number of the one registration access token that is alive.
    registration_generation: Mapped[int] = mapped_column(default=0)
    # To the day; kept for clients that registered themselves, which are deleted if never used.
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    software_statement: Mapped[str | None] = mapped_column(Text)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    # Tokens issued to this client before this instant are void, those without a grant included.
    revoked_before: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    # The order of the lists.
    __table_args__ = (
        Index(None, "client_name", "client_id"),
        # Who registered itself and was never used.
        Index(None, "is_dynamic", "last_used_at", "created_at"),
    )


class ClientSecret(Base):
    """One secret of a client: SHA-256 of 256 random bits. Two may be alive while one replaces the other.

    ``sealed`` is the secret itself under a root key, for clients that make a MAC with it: a digest
    cannot verify one.
    """

    __tablename__ = "client_secrets"

    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    root_key_id: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index(None, "client_id"),)


class ClientLogo(Base):
    """The picture behind ``logo_uri``, fetched once by us, so that no page asks a third party for it."""

    __tablename__ = "client_logos"

    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True
    )
    media_type: Mapped[str] = mapped_column(String(32))
    picture: Mapped[bytes] = mapped_column(LargeBinary)
    fetched_at: Mapped[datetime] = mapped_column(Instant)


class ClientKeySet(Base):
    """What was found at ``jwks_uri``, so that no request has to wait for somebody else's server."""

    __tablename__ = "client_key_sets"

    client_id: Mapped[str] = mapped_column(
        ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True
    )
    # Where it was found: another address, another set.
    uri: Mapped[str] = mapped_column(Text)
    keys: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    fetched_at: Mapped[datetime | None] = mapped_column(Instant)
    # Claimed before each fetch, so that of many nodes one fetches.
    attempted_at: Mapped[datetime] = mapped_column(Instant)


class InitialAccessToken(Base):
    """The operator's leave to register clients. The token is derived from ``id``, not stored."""

    __tablename__ = "initial_access_tokens"

    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    note: Mapped[str] = mapped_column(String(256))
    # The most that its clients may ask for; NULL means what the installation allows.
    scope: Mapped[str | None] = mapped_column(Text)
    uses: Mapped[int] = mapped_column(default=0)
    max_uses: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(String(128))
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index(None, "expires_at"),)


class Api(Base):
    """A registered API: the audience of access tokens, and the scopes it understands (name -> description)."""

    __tablename__ = "apis"

    identifier: Mapped[str] = mapped_column(String(512), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    scopes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Seconds; NULL means the client's, then the installation's setting.
    access_token_lifetime: Mapped[int | None]
    # NULL means the client's.
    access_token_signed_response_alg: Mapped[str | None] = mapped_column(String(8))
    claim_mappings: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    documentation_uri: Mapped[str | None] = mapped_column(Text)
    publishes_metadata: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
