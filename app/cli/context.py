"""What surrounds every command that needs the installation: settings, application, one transaction.

What a command changed is committed before it answers, so nothing is shown that might yet be undone.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.cli import installation
from app.core import logging, settings_loader
from app.core.config import Settings
from app.core.context import Caller, caller, set_caller
from app.core.db import db
from app.core.errors import ConfigurationError


@contextmanager
def opened() -> Iterator[Settings]:
    """Open the installation for one command; commit at the end, roll back on any error.

    Raises:
        ConfigurationError: the settings are not usable, or the installation is not prepared.
    """
    settings = settings_loader.load()
    logging.configure(settings, quiet=True)
    check_folder(settings)
    before = caller()
    set_caller(Caller(actor=actor()))
    try:
        with installation.inside(installation.open_existing(settings)):
            yield settings
            db.session.commit()
    finally:
        set_caller(before)


def check_folder(settings: Settings) -> None:
    """Refuse a database file in a folder that is not there, in words an operator understands.

    Raises:
        ConfigurationError: naming the folder.
    """
    scheme, _, path = settings.database.url.partition("sqlite:///")
    if scheme or not path:
        return
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise ConfigurationError(f"SIGNET_DATABASE_URL: there is no folder {folder}")


def actor() -> str:
    """Return who acts, for the audit: the account of the operating system, which cannot be claimed."""
    number = os.getuid()
    try:
        return f"cli:{pwd.getpwuid(number).pw_name}"
    except KeyError:
        # A container may run under a number without a name.
        return f"cli:{number}"
