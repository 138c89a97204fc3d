"""Protected resource metadata: what a client may learn about an API before it has a token for it.

Specs:
    RFC 9728 section 2    the members
    RFC 9728 section 4    the way back: ``protected_resources`` of our own metadata

An API may serve its document itself, at the address that RFC 9728 section 3.1 derives from its identifier; here it
is read, and printed for that purpose by the command line. Only what is known to be true is said.
"""

from typing import Any

from app.clients import apis
from app.clients.apis import Api
from app.core import config
from app.core.errors import InvalidInputError, NotFoundError
from app.protocol.errors import OAuthError
from app.protocol.parameters import check_single, parse
from app.tokens.claims import SCOPES

USERINFO_PATH = "/.well-known/oauth-protected-resource/userinfo"
APIS_PATH = "/resources/metadata"
# An API may take tokens in other ways as well; this one is asked of every resource server (RFC 6750 section 2.1).
_BY_HEADER = ("header",)
_BY_HEADER_OR_FORM = ("header", "body")


def document(api: Api) -> dict[str, Any]:
    """Return the metadata of a registered API."""
    found = _members(api.identifier, tuple(api.scopes), _BY_HEADER)
    found["resource_name"] = api.name
    if api.documentation_uri:
        found["resource_documentation"] = api.documentation_uri
    return found


def userinfo() -> dict[str, Any]:
    """Return the metadata of our own userinfo endpoint."""
    return _members(config.current().userinfo_audience, tuple(SCOPES), _BY_HEADER_OR_FORM)


def asked_for(query: bytes) -> dict[str, Any]:
    """Return the metadata of the API that ``query`` names by ``resource``.

    Raises:
        InvalidInputError: it names none, or several.
        NotFoundError: there is no such API, or it is not to be described; both sound alike.
    """
    try:
        parameters = parse(query)
        check_single(parameters)
    except OAuthError as error:
        raise InvalidInputError(error.public, field="resource") from None
    if len(parameters.resources) != 1:
        raise InvalidInputError("Name one API by the parameter resource.", field="resource")
    api = apis.get(parameters.resources[0])
    if api is None or not api.publishes_metadata:
        raise NotFoundError("There is no such API.")
    return document(api)


def _members(
    identifier: str, scopes: tuple[str, ...], bearer_methods: tuple[str, ...]
) -> dict[str, Any]:
    members: dict[str, Any] = {
        "resource": identifier,
        "authorization_servers": [config.current().issuer],
        "bearer_methods_supported": list(bearer_methods),
    }
    # RFC 9728 section 3.2: what has no value is left out.
    if scopes:
        members["scopes_supported"] = list(scopes)
    return members
