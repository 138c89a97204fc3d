"""Authentication contexts: how surely a person signed in, from weak to strong.

Specs:
    OpenID Connect Core 1.0 section 2    acr
    RFC 9470 section 5                   one that was asked for, or a stronger one
"""

from collections.abc import Collection

from app.identity.authentication import ACR_SINGLE_FACTOR

# The weakest first.
ORDER = (ACR_SINGLE_FACTOR,)


def achievable() -> tuple[str, ...]:
    """Return the contexts that somebody can reach here, the weakest first."""
    return ORDER


def satisfies(acr: str, wanted: Collection[str]) -> bool:
    """Tell whether ``acr`` is one of ``wanted``, or stronger than one of them."""
    if acr in wanted:
        return True
    known = [ORDER.index(each) for each in wanted if each in ORDER]
    return acr in ORDER and bool(known) and ORDER.index(acr) > min(known)
