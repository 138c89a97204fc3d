"""Clients with keys, pushed requests, devices, pairwise subjects and the news of a sign-out.

Columns are only added, each nullable or with a default of the database, so that no table is written
anew and a node of the version before can go on until it is replaced.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from app.core.db import Instant

revision = "0003"
down_revision = "0002"

_TEXTS = (
    "jwks_uri", "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri",
    "tls_client_auth_san_ip", "tls_client_auth_san_email", "sector_identifier_uri",
    "initiate_login_uri", "backchannel_logout_uri", "frontchannel_logout_uri", "software_statement",
)  # fmt: skip
_SHORT = {
    "token_endpoint_auth_signing_alg": 8,
    "request_object_signing_alg": 8,
    "id_token_encrypted_response_alg": 16,
    "id_token_encrypted_response_enc": 16,
    "userinfo_signed_response_alg": 8,
    "userinfo_encrypted_response_alg": 16,
    "userinfo_encrypted_response_enc": 16,
    "software_id": 255,
    "software_version": 255,
}
_FLAGS = (
    "require_signed_request_object", "require_pushed_authorization_requests",
    "backchannel_logout_session_required", "frontchannel_logout_session_required", "is_dynamic",
)  # fmt: skip
_LISTS = ("request_uris", "default_acr_values", "claim_mappings")


_UNUSED = "ix_clients_is_dynamic_last_used_at_created_at"


def upgrade() -> None:
    for table, column in _columns():
        op.add_column(table, column)
    op.create_index(op.f(_UNUSED), "clients", ["is_dynamic", "last_used_at", "created_at"])
    _client_key_sets()
    _initial_access_tokens()
    _pushed_requests()
    _device_authorizations()
    _session_clients()
    _logout_deliveries()
    _pairwise_subjects()
    _single_uses()


def downgrade() -> None:
    for table in (
        "single_uses", "pairwise_subjects", "logout_deliveries", "session_clients",
        "device_authorizations", "pushed_requests", "initial_access_tokens", "client_key_sets",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index(op.f(_UNUSED), table_name="clients")
    for table, column in _columns():
        op.drop_column(table, column.name)


def _columns() -> Iterator[tuple[str, sa.Column]]:
    yield "clients", sa.Column("jwks", sa.JSON())
    for name in _TEXTS:
        yield "clients", sa.Column(name, sa.Text())
    for name, length in _SHORT.items():
        yield "clients", sa.Column(name, sa.String(length))
    for name in _FLAGS:
        yield "clients", _always(name, sa.Boolean(), "0")
    for name in _LISTS:
        yield "clients", _always(name, sa.JSON(), "[]")
    yield "clients", _always("authorization_signed_response_alg", sa.String(8), "RS256")
    yield "clients", _always("subject_type", sa.String(8), "public")
    yield "clients", _always("registration_generation", sa.Integer(), "0")
    yield "clients", sa.Column("last_used_at", Instant())
    yield "client_secrets", sa.Column("sealed", sa.LargeBinary())
    yield "client_secrets", sa.Column("root_key_id", sa.String(16))
    yield "apis", sa.Column("access_token_signed_response_alg", sa.String(8))
    yield "apis", _always("claim_mappings", sa.JSON(), "[]")
    yield "apis", sa.Column("documentation_uri", sa.Text())
    yield "apis", _always("publishes_metadata", sa.Boolean(), "1")
    yield "grants", sa.Column("claims", sa.Text())
    yield "grants", _always("device", sa.Boolean(), "0")


def _always(name: str, kind: sa.types.TypeEngine, default: str) -> sa.Column:
    # A plain text: with any other default SQLite would write the table anew.
    return sa.Column(name, kind, nullable=False, server_default=default)


def _belongs_to(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [owner], name=name, ondelete="CASCADE")


def _index(table: str, column: str) -> None:
    op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _client_key_sets() -> None:
    table = "client_key_sets"
    op.create_table(
        table,
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("keys", sa.JSON()),
        sa.Column("fetched_at", Instant()),
        sa.Column("attempted_at", Instant(), nullable=False),
        _belongs_to(table, "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("client_id", name=op.f(f"pk_{table}")),
    )


def _initial_access_tokens() -> None:
    table = "initial_access_tokens"
    op.create_table(
        table,
        sa.Column("id", sa.String(22), nullable=False),
        sa.Column("note", sa.String(256), nullable=False),
        sa.Column("scope", sa.Text()),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("max_uses", sa.Integer()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", sa.String(128)),
        sa.Column("expires_at", Instant()),
        sa.Column("revoked_at", Instant()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    _index(table, "expires_at")


def _pushed_requests() -> None:
    table = "pushed_requests"
    op.create_table(
        table,
        sa.Column("id", sa.String(22), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("spent_at", Instant()),
        sa.Column("purge_after", Instant(), nullable=False),
        _belongs_to(table, "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    _index(table, "client_id")
    _index(table, "purge_after")


def _device_authorizations() -> None:
    table = "device_authorizations"
    op.create_table(
        table,
        sa.Column("id", sa.String(22), nullable=False),
        sa.Column("user_code_key", sa.String(43), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.Column("acr_values", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("polled_at", Instant()),
        sa.Column("decided_at", Instant()),
        sa.Column("grant_id", sa.String(22)),
        sa.Column("address", sa.String(64)),
        _belongs_to(table, "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("user_code_key", name=op.f(f"uq_{table}_user_code_key")),
    )
    _index(table, "client_id")
    _index(table, "expires_at")


def _session_clients() -> None:
    table = "session_clients"
    op.create_table(
        table,
        sa.Column("session_id", sa.String(22), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        _belongs_to(table, "session_id", "user_sessions.id"),
        _belongs_to(table, "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("session_id", "client_id", name=op.f(f"pk_{table}")),
    )
    _index(table, "client_id")


def _logout_deliveries() -> None:
    table = "logout_deliveries"
    op.create_table(
        table,
        sa.Column("session_id", sa.String(22), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("due_at", Instant()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("settled_at", Instant()),
        sa.Column("outcome", sa.String(32)),
        sa.Column("status", sa.Integer()),
        _belongs_to(table, "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("session_id", "client_id", name=op.f(f"pk_{table}")),
    )
    for column in ("client_id", "due_at", "settled_at"):
        _index(table, column)


def _pairwise_subjects() -> None:
    table = "pairwise_subjects"
    op.create_table(
        table,
        sa.Column("sector", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("subject", sa.String(22), nullable=False),
        _belongs_to(table, "user_id", "users.id"),
        sa.PrimaryKeyConstraint("sector", "user_id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("subject", name=op.f(f"uq_{table}_subject")),
    )
    _index(table, "user_id")


def _single_uses() -> None:
    op.create_table(
        "single_uses",
        sa.Column("key", sa.String(43), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_single_uses")),
    )
    _index("single_uses", "expires_at")
