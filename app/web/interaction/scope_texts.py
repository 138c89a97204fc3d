"""What the scopes of OpenID Connect let an application do, in words for whoever is asked.

Specs:
    OpenID Connect Core 1.0 section 5.4    profile, email, address, phone
    OpenID Connect Core 1.0 section 11     offline_access

The scopes of an API are described by whoever registered the API.
"""

from dataclasses import dataclass
from typing import Any

from app.web.language import N_

_TEXTS: dict[str, tuple[Any, Any]] = {
    "openid": (
        N_("Know who you are"),
        N_("A number that stands for you in this application."),
    ),
    "profile": (
        N_("See your profile"),
        N_("Name, user name and what else your profile holds, such as picture and language."),
    ),
    "email": (
        N_("See your email address"),
        N_("And whether it has been confirmed."),
    ),
    "address": (N_("See your postal address"), None),
    "phone": (
        N_("See your telephone number"),
        N_("And whether it has been confirmed."),
    ),
    "roles": (
        N_("See your roles"),
        N_("What you may do in the systems of this organisation."),
    ),
    "offline_access": (
        N_("Keep access while you are away"),
        N_("Until you withdraw it in your account."),
    ),
}


@dataclass(frozen=True)
class ScopeText:
    """One scope as a page shows it."""

    name: str
    title: str
    description: str | None
    is_new: bool = False


def of(name: str, *, is_new: bool = False) -> ScopeText:
    """Return the words for the scope ``name``; one that we know no words for goes by its name."""
    title, description = _TEXTS.get(name, (name, None))
    return ScopeText(name, str(title), str(description) if description else None, is_new)


def is_ours(name: str) -> bool:
    """Tell whether the scope speaks of the person's account here, and not of an API."""
    return name in _TEXTS
