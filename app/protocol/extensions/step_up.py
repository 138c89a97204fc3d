"""Step-up: when the way of signing in is a condition, and not a wish.

Specs:
    OpenID Connect Core 1.0 section 5.5.1.1     an essential acr
    RFC 9470 section 5                          acr_values of a resource
    Unmet Authentication Requirements 1.0       the error where it cannot be had

``acr_values`` alone is a wish: the ID token tells what was reached. Together with a ``resource`` it repeats what
that API demanded in its challenge, and an answer below it would only lead to the same challenge again.
"""

from app.identity import authentication_contexts
from app.protocol.errors import OAuthError
from app.protocol.extensions.claims_parameter import ClaimsRequest


def required(
    request: ClaimsRequest, acr_values: tuple[str, ...], resources: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the authentication contexts of which one has to be reached; () if none has to.

    ``acr_values`` and ``resources`` are those that the request names itself.

    Raises:
        OAuthError: unmet_authentication_requirements: nobody here can reach one.
    """
    conditions = [request.essential_acr, acr_values if resources else ()]
    conditions = [wanted for wanted in conditions if wanted]
    if not conditions:
        return ()
    fitting = tuple(
        acr
        for acr in authentication_contexts.achievable()
        if all(authentication_contexts.satisfies(acr, wanted) for wanted in conditions)
    )
    if not fitting:
        raise OAuthError(
            "unmet_authentication_requirements",
            "Nobody can sign in here as surely as is asked for.",
            detail=repr(conditions),
        )
    return fitting
