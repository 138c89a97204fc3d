"""SQLAlchemy tables: nouns at rest, one file per aggregate, each owned by one package.

Importing this package makes every table known to the one ``MetaData``.
"""

from app.models import (
    audit,
    clients,
    consents,
    identity,
    keys,
    logout,
    requests,
    subjects,
    throttle,
    tokens,
)

__all__ = [
    "audit", "clients", "consents", "identity", "keys", "logout", "requests", "subjects",
    "throttle", "tokens",
]  # fmt: skip
