"""Registered clients, their secrets and logos, and registered APIs. Owned by ``app.clients``."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
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
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    # Tokens issued to this client before this instant are void, those without a grant included.
    revoked_before: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)

    # The order of the lists.
    __table_args__ = (Index(None, "client_name", "client_id"),)


class ClientSecret(Base):
    """One secret of a client: SHA-256 of 256 random bits. Two may be alive while one replaces the other."""

    __tablename__ = "client_secrets"

    id: Mapped[str] = mapped_column(String(22), primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
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


class Api(Base):
    """A registered API: the audience of access tokens, and the scopes it understands (name -> description)."""

    __tablename__ = "apis"

    identifier: Mapped[str] = mapped_column(String(512), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    scopes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Seconds; NULL means the client's, then the installation's setting.
    access_token_lifetime: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
