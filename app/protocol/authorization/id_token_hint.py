"""id_token_hint at the authorization endpoint: whom the client believes to be signed in.

Specs:
    OpenID Connect Core 1.0 section 3.1.2.1    id_token_hint
    OpenID Connect Core 1.0 section 3.1.2.2    its validation
"""

from datetime import datetime

from app.clients.registry import Client
from app.protocol.errors import invalid_request
from app.protocol.parameters import Parameters
from app.tokens import id_tokens, subjects


def hinted_subject(client: Client, parameters: Parameters, *, now: datetime) -> str | None:
    """Return the id of the person that the hint names; an expired hint still names one.

    Raises:
        OAuthError: invalid_request: it is not an ID token that we issued to this client.
    """
    value = parameters.get("id_token_hint")
    if value is None:
        return None
    try:
        hint = id_tokens.read_hint(value, now=now)
    except id_tokens.IdTokenHintInvalidError as error:
        raise invalid_request(error.public) from None
    if client.client_id not in hint.client_ids:
        raise invalid_request("The id_token_hint was issued to another client.")
    # A name that nobody has (any more) stays as it is: whoever signs in is somebody else.
    return subjects.user_of(client, hint.subject) or hint.subject
