"""The parameters that say how the person should be asked: prompt, max_age, locales, hints.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.1
    OpenID Connect Core 1.0 section 15.1    display, claims_locales and the like are tolerated
"""

import re

from app.clients.registry import Client
from app.protocol.errors import invalid_request
from app.protocol.parameters import Parameters

PROMPTS = ("none", "login", "consent", "select_account")
_MAX_AGE = re.compile(r"\d{1,10}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,8}")
_LONGEST_HINT = 320
_MOST_WORDS = 16


def prompts(parameters: Parameters) -> tuple[str, ...]:
    """Return ``prompt`` as its words.

    Raises:
        OAuthError: invalid_request: a word is unknown, or none stands beside another.
    """
    words = parameters.words("prompt")
    if unknown := set(words) - set(PROMPTS):
        raise invalid_request(f"prompt={min(unknown)} is not supported.")
    if "none" in words and len(words) > 1:
        raise invalid_request("prompt=none stands alone.")
    return words


def max_age(client: Client, parameters: Parameters) -> int | None:
    """Return how old the sign-in may be, in seconds; the client's registered default when it does not say.

    Raises:
        OAuthError: invalid_request: it is not a number of seconds.
    """
    value = parameters.get("max_age")
    if value is None:
        return client.default_max_age
    if not _MAX_AGE.fullmatch(value):
        raise invalid_request("max_age is a number of seconds.")
    return int(value)


def ui_locales(parameters: Parameters) -> tuple[str, ...]:
    """Return the languages the client suggests; what is not a language tag is left out (section 3.1.2.1)."""
    words = parameters.words("ui_locales")
    return tuple(word for word in words if _LANGUAGE.fullmatch(word))[:_MOST_WORDS]


def login_hint(parameters: Parameters) -> str | None:
    """Return whom the client expects; a hint that cannot be a login is left out."""
    value = parameters.get("login_hint")
    return value if value is not None and len(value) <= _LONGEST_HINT else None


def acr_values(parameters: Parameters) -> tuple[str, ...]:
    """Return the authentication contexts that the request names; never an error (section 5.5.1.1)."""
    return parameters.words("acr_values")[:_MOST_WORDS]
