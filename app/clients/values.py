"""Values that somebody types: names fit to be shown anywhere, numbers of seconds, one of a few."""

from collections.abc import Sequence
from typing import Any

from app.core.errors import InvalidInputError

# Joiners inside words of several scripts; every other invisible character could disguise a name.
_JOINERS = str.maketrans("", "", "\u200c\u200d")


def text(value: str, *, field: str, limit: int, what: str) -> str:
    """Return ``value`` without spaces around it.

    Raises:
        InvalidInputError: it is no text of 1 to ``limit`` characters, or one cannot be seen.
    """
    if not isinstance(value, str) or not 0 < len(value.strip()) <= limit:
        raise InvalidInputError(f"{what} has 1 to {limit} characters.", field=field)
    if not value.strip().translate(_JOINERS).isprintable():
        raise InvalidInputError(f"{what} holds a character that cannot be shown.", field=field)
    return value.strip()


def check_seconds(value: int | None, *, field: str, least: int, most: int) -> None:
    """Accept ``None`` or a whole number of seconds from ``least`` to ``most``.

    Raises:
        InvalidInputError: it is neither.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidInputError(f"{field} is {least} to {most} seconds.", field=field)


def check_lifetime(value: int | None) -> None:
    """Accept ``None`` or a lifetime of access tokens within the limits of the setting.

    Raises:
        InvalidInputError: it is neither.
    """
    check_seconds(value, field="access_token_lifetime", least=60, most=86400)


def one_of(value: Any, known: Sequence[str], *, field: str) -> None:
    """Accept one of ``known``.

    Raises:
        InvalidInputError: it is none of them.
    """
    if value not in known:
        raise InvalidInputError(f"{field} must be one of {', '.join(known)}.", field=field)
