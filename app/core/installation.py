"""The installation around the program: its first root key, and what its processes share.

The environment is read and written in ``core`` alone. ``signet serve`` decides a few values itself
(the issuer on a loopback address, the folder of the figures) and its workers must decide the same:
they find them in the environment, where a setting is looked for anyway.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import get_type_hints

from app.core import root_key
from app.core.config import Settings
from app.core.locks import file_lock
from app.core.options import ENVIRONMENT_PREFIX, declared
from app.core.settings_loader import CONFIG_FILE_VARIABLE


def first_root_key(settings: Settings, *, now: datetime) -> Path | None:
    """Make the first root key if there is none; return its path, or ``None`` if nothing was made.

    However many processes start at once on an empty directory, one makes the key and all find it.
    """
    folder = settings.keys.directory
    if settings.keys.root_key or _has_key(folder):
        return None
    with file_lock(folder.parent / f".{folder.name}.lock"):
        if _has_key(folder):
            return None
        # The name begins with the time, so that the newest key sorts last.
        return root_key.create(folder, name=f"{now:%Y%m%dT%H%M%SZ}")


def places() -> dict[str, str]:
    """Return where each setting that somebody set was set: its short name -> the place.

    Settings that are absent have their default. To be called after the settings were loaded, which
    refuses a file that cannot be read.
    """
    found: dict[str, str] = {}
    named = os.environ.get(CONFIG_FILE_VARIABLE)
    file = Path(named or "signet.toml")
    if file.is_file():
        sections = get_type_hints(Settings)
        for section, table in tomllib.loads(file.read_text("utf-8")).items():
            for field, option in declared(sections[section]):
                if field.name in table:
                    found[option.name] = str(file)
    for name in os.environ:
        if name.startswith(ENVIRONMENT_PREFIX) and name != CONFIG_FILE_VARIABLE:
            found[name.removeprefix(ENVIRONMENT_PREFIX)] = "environment"
    return found


def hand_down(values: Mapping[str, str]) -> None:
    """Put ``values`` into the environment, for this process and the workers it starts."""
    os.environ.update(values)


def _has_key(folder: Path) -> bool:
    return next(folder.glob("root-*.key"), None) is not None
