"""A person as a value: who they are, as the rest of the product sees them.

Specs:
    OpenID Connect Core 1.0 section 2, 5.7    ``id`` is the subject: never changed, never given to
    another

No password, no hash: what proves a person never travels with what describes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final


class Unchanged(Enum):
    """The type of :data:`UNCHANGED`."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
"""What stands in :class:`Changes` where nothing is to change; ``None`` takes a value away."""


@dataclass(frozen=True)
class Person:
    """Somebody with an account. ``claims`` are those beside the ones that have a field here."""

    id: str
    username: str
    email: str | None
    email_verified: bool
    name: str | None
    claims: Mapping[str, Any]
    roles: tuple[str, ...]
    disabled: bool
    created_at: datetime
    updated_at: datetime

    @property
    def display_name(self) -> str:
        """Return what to call them."""
        return self.name or self.username


@dataclass(frozen=True)
class NewUser:
    """Who is to get an account. Without a password nobody can sign in to it until one is set."""

    username: str
    email: str | None = None
    name: str | None = None
    password: str | None = field(default=None, repr=False)
    roles: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    email_verified: bool = False


@dataclass(frozen=True)
class Changes:
    """What is to be different about a person. Claims and roles replace all that were there."""

    email: str | Unchanged | None = UNCHANGED
    name: str | Unchanged | None = UNCHANGED
    claims: Mapping[str, Any] | Unchanged = UNCHANGED
    roles: tuple[str, ...] | Unchanged = UNCHANGED
    email_verified: bool | Unchanged = UNCHANGED
