"""The lists of sessions and clients read an index in their order, however many there are."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index(op.f("ix_user_sessions_created_at_id"), "user_sessions", ["created_at", "id"])
    op.create_index(
        op.f("ix_clients_client_name_client_id"), "clients", ["client_name", "client_id"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_clients_client_name_client_id"), table_name="clients")
    op.drop_index(op.f("ix_user_sessions_created_at_id"), table_name="user_sessions")
