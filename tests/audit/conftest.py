"""The same installation as for people: SQLite always, PostgreSQL where there is a server."""

from tests.identity.conftest import app, app_context, postgresql_database

__all__ = ["app", "app_context", "postgresql_database"]
