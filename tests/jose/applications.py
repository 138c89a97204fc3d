"""An application that has keys and nothing else."""

from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

import app.models  # noqa: F401 - the tables must be known before they are made
from app.core import db as database
from app.core.root_key import RootKey, RootKeys
from app.core.settings_loader import load

ISSUER = "https://id.example"
NOW = datetime(2030, 5, 17, 12, tzinfo=UTC)
ALL = "RS256,PS256,ES256,EdDSA"


def root_keys(*fills: int) -> RootKeys:
    """Return root keys of repeated bytes, the newest first."""
    return RootKeys(tuple(RootKey.of(bytes([fill]) * 32) for fill in fills))


def make_app(url: str, *, keys: RootKeys | None = None, **settings: str) -> Flask:
    """Return an application on the database ``url``; settings by their names without the prefix."""
    environment = {"SIGNET_DATABASE_URL": url, "SIGNET_ISSUER": ISSUER}
    environment |= {f"SIGNET_{name}": value for name, value in settings.items()}
    flask = Flask("keys")
    flask.extensions["signet.settings"] = load(environment, folder=Path(__file__).parent)
    flask.extensions["signet.root_keys"] = keys or root_keys(7)
    database.init(flask, flask.extensions["signet.settings"])
    return flask


def dispose(flask: Flask) -> None:
    """Close the connections of an application."""
    with flask.app_context():
        database.db.session.remove()
        database.db.engine.dispose()
