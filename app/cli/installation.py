"""From settings to an application that commands can work in: the first key, the schema, the database.

Several processes may start on an empty directory at once; each step is done once, by whoever comes
first, and the others wait for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from app.core import clock, installation, locks, root_key
from app.core import db as database
from app.core.config import Settings
from app.core.errors import ConfigurationError


def application(settings: Settings, *, with_keys: bool = True) -> Flask:
    """Return a bare application: settings, root keys and database, and not one view.

    ``with_keys`` is false for work on the schema, which needs none and may come before there are any.
    """
    bare = Flask("signet", static_folder=None, template_folder=None)
    bare.extensions["signet.settings"] = settings
    if with_keys:
        keys = root_key.load(settings.keys.directory, settings.keys.root_key)
        bare.extensions["signet.root_keys"] = keys
    database.init(bare, settings)
    return bare


@contextmanager
def inside(opened: Flask) -> Iterator[None]:
    """Work in ``opened``; no connection to the database is left behind."""
    with opened.app_context():
        try:
            yield
        finally:
            database.db.session.remove()
            database.db.engine.dispose()


def prepare(settings: Settings) -> Flask:
    """Make whatever is missing, once: root key, schema, signing keys. For ``signet serve``.

    Raises:
        ConfigurationError: the schema is not this version's, and the settings forbid to upgrade it.
    """
    installation.first_root_key(settings, now=clock.now())
    prepared = application(settings)
    with inside(prepared):
        _bring_up_to_date(may_upgrade=settings.database.auto_upgrade)
        _ensure_signing_keys()
    return prepared


def open_existing(settings: Settings) -> Flask:
    """Return the application of an installation that commands may work in.

    On SQLite a command may come before the first start, and prepares what the start would. Elsewhere
    somebody else may be about to decide how the database is upgraded.
    """
    embedded = settings.database.url.startswith("sqlite")
    makes_itself = embedded and settings.database.auto_upgrade
    if makes_itself:
        installation.first_root_key(settings, now=clock.now())
    opened = application(settings)
    with inside(opened):
        if _bring_up_to_date(may_upgrade=makes_itself):
            _ensure_signing_keys()
    return opened


def _ensure_signing_keys() -> None:
    # Imported here: most commands find the keys made, and need no cryptography of keys.
    from app.clients import secrets as client_secrets
    from app.jose import signing_keys

    with locks.exclusive(database.db.engine, "start"):
        # Read when it is our turn: to an earlier instant a key just made by another process would
        # seem to lie in the future, and a second one would be made.
        signing_keys.ensure(now=clock.now())
        if client_secrets.seal_anew(now=clock.now()):
            database.db.session.commit()


def _bring_up_to_date(*, may_upgrade: bool) -> bool:
    from app.core import schema

    engine = database.db.engine
    if schema.is_current(engine):
        return False
    if not may_upgrade:
        raise ConfigurationError(
            "the database has not the schema of this version; run `signet db upgrade`"
        )
    # The tables have to be known before they can be compared with what is there.
    import app.models  # noqa: F401

    schema.upgrade(engine)
    return True
