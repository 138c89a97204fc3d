"""The first schema: people, clients and APIs, signing keys, grants and consents, records."""

import sqlalchemy as sa
from alembic import op

from app.core.db import Instant

revision = "0001"
down_revision = None


def upgrade() -> None:
    _users()
    _user_roles()
    _user_sessions()
    _clients()
    _client_secrets()
    _client_logos()
    _apis()
    _signing_keys()
    _grants()
    _denied_tokens()
    _consents()
    _audit_events()
    _throttle_counters()


def downgrade() -> None:
    raise NotImplementedError("before the first schema there is nothing: delete the database")


def _belongs_to(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [owner], name=name, ondelete="CASCADE")


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("username", sa.String(128), nullable=False),
        sa.Column("username_key", sa.String(256), nullable=False),
        sa.Column("email", sa.String(320)),
        sa.Column("email_key", sa.String(640)),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("claims", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("password_changed_at", Instant()),
        sa.Column("disabled_at", Instant()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
    )


def _user_roles() -> None:
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        _belongs_to("user_roles", "user_id", "users.id"),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_user_roles")),
    )
    op.create_index(op.f("ix_user_roles_role"), "user_roles", ["role"])


def _user_sessions() -> None:
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.String(22), nullable=False),
        sa.Column("cookie_id", sa.String(22), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("auth_time", Instant(), nullable=False),
        sa.Column("acr", sa.String(64), nullable=False),
        sa.Column("amr", sa.String(128), nullable=False),
        sa.Column("address", sa.String(64)),
        sa.Column("agent", sa.String(256)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant()),
        sa.Column("end_reason", sa.String(32)),
        _belongs_to("user_sessions", "user_id", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("cookie_id", name=op.f("uq_user_sessions_cookie_id")),
    )
    op.create_index(op.f("ix_user_sessions_ended_at"), "user_sessions", ["ended_at"])
    op.create_index(op.f("ix_user_sessions_expires_at"), "user_sessions", ["expires_at"])
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"])


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("client_name", sa.String(256), nullable=False),
        sa.Column("application_type", sa.String(16), nullable=False),
        sa.Column("redirect_uris", sa.JSON(), nullable=False),
        sa.Column("post_logout_redirect_uris", sa.JSON(), nullable=False),
        sa.Column("grant_types", sa.JSON(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("allowed_origins", sa.JSON(), nullable=False),
        sa.Column("token_endpoint_auth_method", sa.String(32), nullable=False),
        sa.Column("id_token_signed_response_alg", sa.String(8), nullable=False),
        sa.Column("access_token_signed_response_alg", sa.String(8), nullable=False),
        sa.Column("require_pkce", sa.Boolean(), nullable=False),
        sa.Column("skip_consent", sa.Boolean(), nullable=False),
        sa.Column("default_max_age", sa.Integer()),
        sa.Column("require_auth_time", sa.Boolean(), nullable=False),
        sa.Column("access_token_lifetime", sa.Integer()),
        sa.Column("refresh_token_reuse_leeway", sa.Integer()),
        sa.Column("client_uri", sa.Text()),
        sa.Column("logo_uri", sa.Text()),
        sa.Column("policy_uri", sa.Text()),
        sa.Column("tos_uri", sa.Text()),
        sa.Column("contacts", sa.JSON(), nullable=False),
        sa.Column("disabled_at", Instant()),
        sa.Column("revoked_before", Instant()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_clients")),
    )


def _client_secrets() -> None:
    op.create_table(
        "client_secrets",
        sa.Column("id", sa.String(22), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant()),
        _belongs_to("client_secrets", "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_secrets")),
    )
    op.create_index(op.f("ix_client_secrets_client_id"), "client_secrets", ["client_id"])


def _client_logos() -> None:
    op.create_table(
        "client_logos",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", Instant(), nullable=False),
        _belongs_to("client_logos", "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_logos")),
    )


def _apis() -> None:
    op.create_table(
        "apis",
        sa.Column("identifier", sa.String(512), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("access_token_lifetime", sa.Integer()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("identifier", name=op.f("pk_apis")),
    )


def _signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("algorithm", sa.String(8), nullable=False),
        sa.Column("public_jwk", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("root_key_id", sa.String(16), nullable=False),
        sa.Column("announced_at", Instant(), nullable=False),
        sa.Column("activates_at", Instant(), nullable=False),
        sa.Column("retires_at", Instant()),
        sa.Column("gone_at", Instant()),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
    )
    op.create_index(
        op.f("ix_signing_keys_algorithm_activates_at"),
        "signing_keys",
        ["algorithm", "activates_at"],
    )


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.String(22), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("session_id", sa.String(22), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("nonce", sa.Text()),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.String(128)),
        sa.Column("auth_time", Instant(), nullable=False),
        sa.Column("acr", sa.String(64), nullable=False),
        sa.Column("amr", sa.String(128), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("code_expires_at", Instant(), nullable=False),
        sa.Column("redeemed_at", Instant()),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", Instant()),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant()),
        sa.Column("revoked_reason", sa.String(32)),
        _belongs_to("grants", "client_id", "clients.client_id"),
        _belongs_to("grants", "user_id", "users.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_client_id"), "grants", ["client_id"])
    op.create_index(op.f("ix_grants_expires_at"), "grants", ["expires_at"])
    op.create_index(op.f("ix_grants_session_id"), "grants", ["session_id"])
    op.create_index(op.f("ix_grants_user_id_client_id"), "grants", ["user_id", "client_id"])


def _denied_tokens() -> None:
    op.create_table(
        "denied_tokens",
        sa.Column("jti", sa.String(64), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("jti", name=op.f("pk_denied_tokens")),
    )
    op.create_index(op.f("ix_denied_tokens_expires_at"), "denied_tokens", ["expires_at"])


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", sa.JSON(), nullable=False),
        sa.Column("granted_at", Instant(), nullable=False),
        _belongs_to("consents", "client_id", "clients.client_id"),
        _belongs_to("consents", "user_id", "users.id"),
        sa.PrimaryKeyConstraint("user_id", "client_id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_client_id"), "consents", ["client_id"])


def _audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(128)),
        sa.Column("user_id", sa.String(36)),
        sa.Column("client_id", sa.String(64)),
        sa.Column("session_id", sa.String(22)),
        sa.Column("grant_id", sa.String(22)),
        sa.Column("address", sa.String(64)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("reference", sa.String(16)),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_at"), "audit_events", ["at"])
    op.create_index(op.f("ix_audit_events_client_id_id"), "audit_events", ["client_id", "id"])
    op.create_index(op.f("ix_audit_events_kind_id"), "audit_events", ["kind", "id"])
    op.create_index(op.f("ix_audit_events_user_id_id"), "audit_events", ["user_id", "id"])


def _throttle_counters() -> None:
    op.create_table(
        "throttle_counters",
        sa.Column("key", sa.String(43), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("blocked_until", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle_counters")),
    )
    op.create_index(op.f("ix_throttle_counters_expires_at"), "throttle_counters", ["expires_at"])
